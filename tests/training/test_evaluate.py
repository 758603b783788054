"""The command that measures a pack: its document, its page, and what it refuses."""

import json
import shutil
from argparse import ArgumentParser
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from chalicelib.vision.pack import Pack
from tests.training.made_up import Crowd, crowd, person, thresholds, together
from training import evaluate
from training.charts import Axis, line_chart
from training.photos import WrongSets
from training.report import write_report
from training.trials import COUNTS, cohort_of

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """Fails on a tag that is closed without being open, or the other way round."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.opened == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data + " "


def run(faces: Path, out: Path, *more: str, packs: Path, gallery: int = 3) -> int:
    sets = [part for name in ("people", "strangers", "cohort") for part in (f"--{name}", str(faces / name))]
    return evaluate.main(
        [
            *sets,
            *("--pack", "pypi", "--packs", str(packs), "--gallery", str(gallery), "--draws", "2"),
            *("--out", str(out), *more),
        ]
    )


@pytest.fixture(scope="module")
def packs(pack_dir: Path) -> Path:
    return pack_dir.parent


@pytest.fixture(scope="module")
def out(drawn_faces: Path, packs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written by the command, from pictures, into a folder that is not there yet."""
    folder = tmp_path_factory.mktemp("evaluation")
    groups = folder / "groups.csv"
    groups.write_text("name,group\ndrawn-1,a\ndrawn-2,a\ndrawn-3,b\n", encoding="utf-8-sig")
    path = folder / "new" / "evaluation.json"
    assert run(drawn_faces, path, "--groups", str(groups), "--degrade", packs=packs) == 0
    return path


@pytest.fixture(scope="module")
def document(out: Path) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(out.read_text())
    return written


def test_the_document_has_the_fields_that_it_promises(document: dict[str, Any], pack: Pack) -> None:
    assert (document["pack"], document["gallery"], document["draws"]) == ("pypi", 3, 2)
    assert document["pack_sha256"] == sha256((pack.directory / "pack.json").read_bytes()).hexdigest()
    assert [row["enrol"] for row in document["results"]] == [1, 2, 3]
    for row in document["results"]:
        assert (row["people"], row["strangers"], row["probes"]) == (3, 3, 3)
        assert 0 <= row["rank1"] <= 1
        at = row["at_pack_threshold"]
        assert set(at) == {"fpir", "fpir_interval", "fnir", "fnir_interval"}
        for name in ("fpir", "fnir"):
            low, high = at[f"{name}_interval"]
            assert 0 <= low <= at[name] <= high <= 1
        assert [each["fpir"] for each in row["oracle"]] == [0.001, 0.003, 0.01, 0.03]
        assert not any(each["supported"] for each in row["oracle"])


def test_faces_that_were_not_found_are_counted(document: dict[str, Any]) -> None:
    """One of six looks is no picture; everybody could be enrolled."""
    assert document["failure_to_enrol"] == {"1": 0, "2": 0, "3": 0}
    assert document["failure_to_acquire"] == pytest.approx(1 / 6)
    assert document["image_ms_p50"] > 0
    assert 0 <= document["quality_rejected"] <= 1


def test_every_degradation_and_every_group_has_a_row(document: dict[str, Any]) -> None:
    assert [row["degradation"] for row in document["degradations"]] == [
        "dark",
        "blurred",
        "small",
        "compressed",
        "rotated",
    ]
    assert [(row["group"], row["people"]) for row in document["groups"]] == [("a", 2), ("b", 1)]


def test_the_page_is_well_formed_and_asks_nothing_of_other_machines(
    out: Path, document: dict[str, Any]
) -> None:
    page = Page(out.with_suffix(".html").read_text(encoding="utf-8"))
    assert page.tags.count("svg") == 2
    assert page.tags.count("polyline") == 3 + 2
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not {"src", "href"} & set(page.attributes)
    assert document["pack_sha256"] in page.text
    assert "oracle" in page.text
    assert "not supported" in page.text
    assert "Detection error trade-off" in page.text
    assert "Reliability" in page.text


def test_what_was_measured_is_printed_with_the_pack_s_hash(
    drawn_faces: Path, packs: Path, pack: Pack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(drawn_faces, tmp_path / "out.json", packs=packs, gallery=2) == 0
    printed = capsys.readouterr().out
    assert sha256((pack.directory / "pack.json").read_bytes()).hexdigest() in printed
    assert "oracle FNIR" in printed


def test_nobody_can_set_a_threshold() -> None:
    parser: ArgumentParser = evaluate._parser()
    options = {option for action in parser._actions for option in action.option_strings}
    assert options == {
        *("-h", "--help", "--people", "--strangers", "--cohort", "--pack", "--packs", "--gallery"),
        *("--draws", "--seed", "--groups", "--degrade", "--cache", "--out"),
    }


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("people/drawn-1", "strangers/Drawn-1", "is among both"),
        ("people/drawn-1", "cohort/somebody", "the same picture"),
        ("cohort/drawn-6", "strangers/DRAWN-6", "is among both"),
        ("strangers/drawn-4", "people/unknown", "the same picture"),
    ],
    ids=["name", "picture", "name among others", "somebody with too few photos to be enrolled"],
)
def test_one_identity_in_two_sets_ends_it(
    drawn_faces: Path,
    packs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    source: str,
    target: str,
    said: str,
) -> None:
    faces = tmp_path / "faces"
    shutil.copytree(drawn_faces, faces)
    shutil.copytree(faces / source, faces / target)
    assert run(faces, tmp_path / "out.json", packs=packs) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


def test_a_gallery_larger_than_the_crowd_is_refused(
    drawn_faces: Path, packs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(drawn_faces, tmp_path / "out.json", packs=packs, gallery=4) == 2
    assert "4 cannot be drawn from 3 people" in capsys.readouterr().err


def test_a_pack_that_is_not_there_is_refused(drawn_faces: Path, tmp_path: Path) -> None:
    assert run(drawn_faces, tmp_path / "out.json", packs=tmp_path) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"person;kind\n", "needs the columns name and group"),
        (b"", "needs the columns name and group"),
        (b"name,group\n", "names nobody"),
        (b"name,group\nsomebody else,a\n", "names none of the people"),
        (b"name,group\ndrawn-1\n", "line 2"),
        (b"name,group\ndrawn-1,a\ndrawn-2,\n", "line 3"),
        (b"name,group\ndrawn-1,a,b\n", "line 2"),
        (b"name,group\ndrawn-1,a\ndrawn-1,b\n", "line 3"),
        (b"name,group\nZo\xeb,a\n", "UTF-8"),
        (b'name,group\n"drawn-1,a\n', "unexpected end"),
        (b"name,group\n" + b"x" * 200_000 + b",a\n", "field limit"),
    ],
)
def test_groups_that_cannot_be_read_are_told_before_anything_is_measured(
    drawn_faces: Path,
    packs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    said: str,
) -> None:
    groups = tmp_path / "groups.csv"
    groups.write_bytes(content)
    assert run(drawn_faces, tmp_path / "out.json", "--groups", str(groups), packs=packs) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(str(groups))
    assert said in line


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_groups_that_are_no_file_are_told(
    drawn_faces: Path, packs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    given = ("--groups", str(tmp_path / name))
    assert run(drawn_faces, tmp_path / "out.json", *given, packs=packs) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path / name) in line


def test_strangers_without_a_face_are_refused(drawn_faces: Path, packs: Path, tmp_path: Path) -> None:
    faces = tmp_path / "faces"
    shutil.copytree(drawn_faces, faces)
    for name in ("drawn-4", "drawn-5"):
        shutil.rmtree(faces / "strangers" / name)
    assert run(faces, tmp_path / "out.json", packs=packs) == 2


# On made-up people, of whom there can be more.


@pytest.fixture(scope="module")
def crowds() -> tuple[Crowd, Crowd, Crowd]:
    people, strangers, others = crowd("p", 70, 5, 1), crowd("s", 400, 1, 2), crowd("c", 5, 2, 3)
    lost = person("p-lost", None, None, None, *list(crowd("l", 1, 1, 9).features.values()))
    late = person("p-late", None, *list(crowd("m", 1, 3, 10).features.values()))
    return together(people, lost, late), strangers, others


@pytest.fixture(scope="module")
def made_up(pack: Pack, crowds: tuple[Crowd, Crowd, Crowd]) -> dict[str, Any]:
    people, strangers, others = crowds
    features = together(*crowds).features
    pack = replace(pack, thresholds=thresholds(0.6, 0.02))
    cohort = cohort_of(others.people, features, pack.model_id)
    test = evaluate.Test(pack, people.people, strangers.people, cohort, features, 72, 2, 0)
    return evaluate.evaluate(test, degrade=False, groups=None)


def test_who_could_not_be_enrolled_is_a_failure_to_enrol_and_a_miss(made_up: dict[str, Any]) -> None:
    assert made_up["failure_to_enrol"] == {"1": 2 / 72, "2": 1 / 72, "3": 1 / 72}
    probes = 70 * 2 + 1 + 1
    for row in made_up["results"]:
        assert row["probes"] == probes
        assert row["gallery"] == 72
        assert round(row["rank1"] * probes) <= probes - (2 if row["enrol"] == 1 else 1)
        assert row["at_pack_threshold"]["fnir"] >= 1 - row["rank1"] - 1e-9


def test_other_sizes_of_galleries_stand_beside_it(made_up: dict[str, Any]) -> None:
    sizes = [(row["gallery"], row["enrol"]) for row in made_up["other_galleries"]]
    assert sizes == [(size, count) for size in (30, 60, 72) for count in COUNTS]


def test_an_oracle_is_supported_by_ten_distinct_strangers(made_up: dict[str, Any]) -> None:
    for row in made_up["results"]:
        at_1_in_1000, *_, at_3_in_100 = row["oracle"]
        assert (at_1_in_1000["false_positives"], at_1_in_1000["supported"]) == (0, False)
        assert at_3_in_100["supported"]
        assert at_3_in_100["false_positives"] >= 12


def test_the_same_seed_measures_the_same(pack: Pack, crowds: tuple[Crowd, Crowd, Crowd]) -> None:
    people, strangers, others = crowds
    features = together(*crowds).features
    pack = replace(pack, thresholds=thresholds(0.6, 0.02))
    cohort = cohort_of(others.people, features, pack.model_id)
    rows = [
        evaluate.Test(pack, people.people, strangers.people, cohort, features, 30, 2, seed).drawn(1, 30)
        for seed in (0, 0, 1)
    ]
    rosters = [[draw.people for draw in row] for row in rows]
    assert rosters[0] == rosters[1] != rosters[2]


def test_a_page_names_people_s_packs_as_text(made_up: dict[str, Any], tmp_path: Path) -> None:
    hostile = made_up | {"model_id": "<script>alert(1)</script>"}
    page = Page(write_report(hostile, tmp_path / "page.html").read_text())
    assert "script" not in page.tags


def test_a_chart_keeps_its_points_within_itself() -> None:
    across, up = Axis("x", 0.001, 1, (0.01, 1), logarithmic=True), Axis("y", 0, 1, (0, 1))
    assert (across.place(0.001), across.place(1), across.place(0)) == (0, 1, 0)
    assert across.place(0.0316) == pytest.approx(0.5, abs=0.01)
    assert (up.place(-1), up.place(0.25), up.place(2)) == (0, 0.25, 1)
    Page(line_chart("a < b", across, up, [("one & two", [(0.01, 0.5), (1, 1)])]))


def test_people_none_of_whom_can_be_enrolled_are_refused(pack: Pack) -> None:
    nobody = together(*(person(f"n{number}", *[None] * 4) for number in range(3)))
    strangers = crowd("s", 3, 1, 2)
    features = nobody.features | strangers.features
    test = evaluate.Test(pack, nobody.people, strangers.people, (), features, 3, 1, 0)
    with pytest.raises(WrongSets, match="fewer than two"):
        evaluate.evaluate(test, degrade=False, groups=None)
