"""The demo judges what comes back: a broken embedder or swapped people make it fail."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from infra.demo.__main__ import main, run
from infra.demo.identities import shown
from infra.demo.judge import Figures, faults
from infra.demo.rehearsal import Cast
from infra.demo.retraining import NONE
from infra.demo.scenario import HeadsScenario
from infra.demo.story import Retraining, Story
from layers.packs.derive import derive_pack

GOOD = Figures(
    seed=1,
    students=12,
    registered=12,
    present=11,
    wrong=0,
    strangers_seen=2,
    strangers_accepted=0,
    frames=13,
    faces=78,
    faces_found=78,
    frame_ms_p50=1.0,
    frame_ms_p95=2.0,
    wall_seconds=3.0,
    story=Story(
        review_proposed=11,
        review_present_unconfirmed=0,
        review_confirmed=11,
        corrections=1,
        retraining=Retraining(
            "2026-11-24T09:00:00Z", "2026-11-24T09:00:09Z", "not_enough_evidence", "Too few."
        ),
        frames_read_by_champion=1,
        erased=1,
        receipts_verified=1,
        traces_sought=19,
        traces_before_erasure=19,
        traces_after_erasure=0,
        erased_seen_again=1,
        erased_named=0,
        claims_accepted=1,
        claims_refused=1,
        duplicates_flagged=2,
        duplicates_enrolled=1,
        duplicates_refused=1,
        twins_left_to_humans=1,
    ),
)


@pytest.fixture
def small() -> HeadsScenario:
    """Four students and two strangers, each of them in every frame."""
    people = shown()[:6]
    return HeadsScenario(Cast(people[:4], people[4:]), seed=3, frame_count=2)


def test_a_small_class_is_played_and_nothing_is_wrong(
    small: HeadsScenario, heads_pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(small, heads_pack, 3, tmp_path, may_miss=0) == 0
    figures = json.loads((tmp_path / "demo.json").read_text())
    assert {name: figures[name] for name in ("students", "registered", "present", "wrong")} == {
        "students": 4,
        "registered": 4,
        "present": 4,
        "wrong": 0,
    }
    assert (figures["strangers_seen"], figures["strangers_accepted"]) == (2, 0)
    assert figures["frames"] >= 2 + 5, "those of the class, then of claims, review, look-alikes and erasure"
    told = {name: figures[name] for name in Story.__annotations__}
    assert told == asdict(GOOD.story) | {
        "review_proposed": 4,
        "review_confirmed": 4,
        "traces_sought": figures["traces_before_erasure"],
        "traces_before_erasure": figures["traces_before_erasure"],
        "retraining": figures["retraining"],
    }
    retraining = figures["retraining"]
    assert set(retraining) == {"started", "finished", "decision", "reason"}
    assert retraining["started"] < retraining["finished"]
    assert (retraining["decision"], "people were tested" in retraining["reason"]) == (
        "not_enough_evidence",
        True,
    )
    assert set(figures) == set(Figures.__annotations__) - {"story"} | set(told)
    assert (tmp_path / "demo-frame.jpg").read_bytes().startswith(b"\xff\xd8")
    assert "All as it should be." in capsys.readouterr().out


def test_strangers_who_registered_as_students_make_it_fail(
    small: HeadsScenario, heads_pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first claims the very face that is enrolled as hers, and the third has none that a twin could share."""
    swapped = replace(
        small, stand_ins=tuple(zip((small.students[0], small.students[2]), small.strangers, strict=True))
    )
    assert run(swapped, heads_pack, 3, tmp_path, may_miss=1) == 1
    figures = json.loads((tmp_path / "demo.json").read_text())
    assert figures["strangers_accepted"] > 0
    assert (figures["claims_accepted"], figures["claims_refused"], figures["duplicates_flagged"]) == (2, 0, 1)
    said = capsys.readouterr().out
    assert "strangers accepted" in said
    assert "the wrong claim was not refused" in said
    assert "1 of 2 duplicates flagged" in said


def test_an_embedder_of_random_weights_makes_it_fail(
    small: HeadsScenario, heads_pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(small, with_random_weights(heads_pack, tmp_path / "pack"), 3, tmp_path, may_miss=1) == 1
    assert "WRONG: " in capsys.readouterr().out, "it was played to its end, and judged"


def with_random_weights(pack: Path, folder: Path) -> Path:
    from hashlib import sha256

    from chalicelib.vision.pack import load_pack, read_declaration, write_declaration

    derive_pack(pack, folder, "random", load_pack(pack).thresholds)
    file = read_declaration(folder)["embedder"]["file"]
    model = onnx.load(folder / file)
    rng = np.random.default_rng(0)
    for weights in model.graph.initializer:
        values = numpy_helper.to_array(weights)
        if values.dtype == np.float32 and values.size > 1:
            drawn = rng.normal(values.mean(), values.std(), values.shape).astype(np.float32)
            weights.CopyFrom(numpy_helper.from_array(drawn, weights.name))
    (folder / file).unlink()  # it may be a hard link to the real one
    onnx.save(model, folder / file)
    declaration = read_declaration(folder)
    declaration["files"][file]["sha256"] = sha256((folder / file).read_bytes()).hexdigest()
    (folder / "pack.json").write_text(write_declaration(declaration))
    return folder


@pytest.mark.parametrize(
    "wrong", [{"registered": 11}, {"present": 10}, {"wrong": 1}, {"strangers_accepted": 1}], ids=str
)
def test_anything_wrong_is_a_fault(wrong: dict[str, int]) -> None:
    assert faults(GOOD, may_miss=1) == []
    assert len(faults(replace(GOOD, **wrong), may_miss=1)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"review_proposed": 4, "review_confirmed": 4},
        {"review_present_unconfirmed": 1},
        {"review_confirmed": 10},
        {"corrections": 0},
        {"retraining": replace(GOOD.story.retraining, decision="promoted")},
        {"retraining": NONE},
        {"frames_read_by_champion": 0},
        {"erased": 0},
        {"receipts_verified": 0},
        {"traces_before_erasure": 18},
        {"traces_after_erasure": 1},
        {"erased_seen_again": 0},
        {"erased_named": 1},
        {"claims_accepted": 0},
        {"claims_refused": 0},
        {"duplicates_flagged": 1},
        {"duplicates_enrolled": 0},
        {"duplicates_refused": 0},
        {"twins_left_to_humans": 0},
    ],
    ids=str,
)
def test_anything_wrong_in_the_story_is_a_fault(wrong: dict[str, Any]) -> None:
    assert len(faults(replace(GOOD, story=replace(GOOD.story, **wrong)), may_miss=1)) == 1


def test_photographs_show_neither_claims_nor_look_alikes() -> None:
    unseen = dict.fromkeys(
        name for name in Story.__annotations__ if name.startswith(("claims", "duplicates", "twins"))
    )
    assert faults(replace(GOOD, story=replace(GOOD.story, **unseen)), may_miss=1) == []


def test_a_folder_without_people_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--faces", str(tmp_path)]) == 2
    assert "a folder per person" in capsys.readouterr().err
    assert main(["--faces", str(tmp_path / "missing")]) == 2
