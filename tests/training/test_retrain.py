"""The retraining job: the same model from the same data, nobody's face in what it leaves, and how it ends."""

import base64
import getpass
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from socket import gethostname

import numpy as np
import pytest

from chalicelib.domain.gate import Verdict, decide, read_report
from chalicelib.vision.learned import Learned, load_learned
from chalicelib.vision.matching import reference
from chalicelib.vision.pack import Pack
from tests.training.made_up_school import DIMENSION, school, write_dataset
from tests.training.traces import PICTURES, traces_of, written_below
from training import learning, retrain
from training.artefact import NAMES, read_files, write_files
from training.segregate import DatasetRefused, Member, read_dataset, side_of

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, eq=False)
class Done:
    """A job that ran, with a few draws only: the people of a school that is large enough to learn a projection."""

    members: tuple[Member, ...]
    places: retrain.Places
    said: list[str]

    @property
    def files(self) -> dict[str, bytes]:
        return read_files(self.places.model)


def places_of(folder: Path, pack: Pack) -> retrain.Places:
    for name in ("templates", "champion"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return retrain.Places(
        templates=folder / "templates",
        champion=folder / "champion",
        model=folder / "model",
        output_data=folder / "output" / "data",
        output=folder / "output",
        pack=pack.directory,
    )


@pytest.fixture(scope="module")
def done(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Done:
    places = places_of(tmp_path_factory.mktemp("job"), pack)
    members = school(pack.model_id, several=900, once=300, registrations=2, noise=0.9, views=1, seed=2)
    write_dataset(members, places.templates, pack.model_id)
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        few_draws(patched)
        retrain.run(places, ("none", "wccn", "head"), said.append)
    return Done(members, places, said)


def few_draws(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(learning, "DRAWS", 2)
    patched.setattr(learning, "VALIDATION_DRAWS", 2)
    patched.delenv("WANDB_API_KEY", raising=False)


def test_a_school_that_is_large_enough_learns_a_projection_and_its_thresholds(pack: Pack, done: Done) -> None:
    assert set(done.files) == set(NAMES)
    report = json.loads(done.files["report.json"])
    assert report["calibrated"]
    assert [each["kind"] for each in report["candidates"]] == ["none", "wccn", "head"]
    assert report["model_id"] == load_learned(done.files, pack).model_id
    assert report["learned_from"]["people"] + 200 == sum(each.side == "learn" for each in done.members)
    assert report["groups"] == []
    assert report["expected"]["shares"]
    assert any(line.startswith("validation_fnir=0.") and line.endswith(";") for line in done.said)
    assert done.said[-1] == "tracked in W&B (offline)"


def test_the_same_data_give_the_same_bytes(pack: Pack, done: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    few_draws(monkeypatch)
    dataset = read_dataset(done.places.templates, pack)
    again = retrain.retrain(dataset, Learned.of(pack), pack, lambda _line: None)
    assert again == done.files


def test_nobody_s_face_name_or_machine_is_in_what_a_job_leaves(pack: Pack, done: Done) -> None:
    views = [
        np.frombuffer(view, "<f4")
        for member in done.members
        for occasion in member.template.occasions
        for view in occasion.embeddings
    ]
    references = [reference(member.template, pack.model_id, DIMENSION) for member in done.members]
    left = written_below(done.places.model, done.places.output)
    (run,) = (content for path, content in left.items() if path.suffix == ".wandb")
    assert {path.name for path in left} >= {*NAMES, "manifest.json"}
    everything = b"\0".join(chain(left.values(), (str(path).encode() for path in left)))
    assert traces_of([*views, *references], everything) == []
    for secret in (*PICTURES, b'"views": ["'):
        assert secret not in everything
    machine = [gethostname(), getpass.getuser()]
    for secret in (str(ROOT), str(done.places.model.parent), sys.prefix, *machine):
        if len(secret) > 5:  # shorter ones are in any bytes by chance
            assert secret.encode() not in b"".join(left.values()), secret
    assert [path for path in left if path.suffix == ".log" or "metadata" in path.name] == []
    for field in (b"hostname", b"username", b"executable", b"git"):
        assert field not in run
    assert b"artifacts/manifest.json" in run
    assert b"artifacts/model.json" in run
    assert json.loads(done.files["report.json"])["data_version"].encode() in run
    assert b"test_fnir" in run


@pytest.mark.parametrize("form", ["<f4", ">f4", "<f8", "base64", "decimals", "short decimals"])
def test_a_face_that_is_there_would_be_found(form: str) -> None:
    (member,) = school("pack", 0, 1)
    (view,) = member.template.occasions[0].embeddings
    row = np.frombuffer(view, "<f4")
    texts = {
        "decimals": json.dumps(row.tolist()),
        "short decimals": " ".join(f"{value:.3f}" for value in row),
    }
    content = {
        "base64": base64.b64encode(b"somewhere" + view),
        **{name: text.encode() for name, text in texts.items()},
    }
    planted = content[form] if form in content else row.astype(form).tobytes()
    assert traces_of([row], b"something before" + planted + b"and after")
    assert traces_of([row], b"something else") == []


def test_twelve_people_teach_nothing_and_that_is_said(pack: Pack, tmp_path: Path) -> None:
    write_dataset(school(pack.model_id, 12, 0), tmp_path, pack.model_id)
    said: list[str] = []
    files = retrain.retrain(read_dataset(tmp_path, pack), Learned.of(pack), pack, said.append)
    model, report = json.loads(files["model.json"]), json.loads(files["report.json"])
    assert (model["thresholds"], model["projection"]) == (None, None)
    assert not report["calibrated"]
    assert report["candidates"] == [{"kind": "none", "validation_fnir": None, "chosen": True}]
    assert load_learned(files, pack).thresholds == pack.thresholds
    decision = decide(read_report(report), champion_id=pack.model_id)
    assert decision.verdict is Verdict.NOT_ENOUGH_EVIDENCE
    assert "too few to learn from" in " ".join(said)


@pytest.mark.parametrize("number", [0, 1, 5])
def test_nobody_to_test_with_is_said_too(pack: Pack, tmp_path: Path, number: int) -> None:
    write_dataset(school(pack.model_id, 0, number), tmp_path, pack.model_id)
    files = retrain.retrain(read_dataset(tmp_path, pack), Learned.of(pack), pack, lambda _line: None)
    report = json.loads(files["report.json"])
    assert (report["test"], report["expected"]) == (None, None)
    assert "det.svg" not in files
    assert decide(read_report(report), champion_id=pack.model_id).verdict is Verdict.NOT_ENOUGH_EVIDENCE


def test_a_challenger_is_tested_against_what_was_learned_before(
    pack: Pack, done: Done, tmp_path: Path
) -> None:
    before = load_learned(done.files, pack)
    write_files(done.files, tmp_path)
    dataset = read_dataset(
        write_dataset(done.members[:2], tmp_path / "templates", pack.model_id, before.model_id), pack
    )
    champion = retrain.champion_of(dataset, tmp_path, pack)
    assert champion.model_id == before.model_id
    assert champion.thresholds == before.thresholds != pack.thresholds
    other = read_dataset(
        write_dataset(done.members[:2], tmp_path / "templates", pack.model_id, "pypi~other"), pack
    )
    with pytest.raises(DatasetRefused, match="pypi~other"):
        retrain.champion_of(other, tmp_path, pack)


def set_environment(monkeypatch: pytest.MonkeyPatch, places: retrain.Places) -> None:
    names = {
        "SM_CHANNEL_TEMPLATES": places.templates,
        "SM_CHANNEL_CHAMPION": places.champion,
        "SM_MODEL_DIR": places.model,
        "SM_OUTPUT_DATA_DIR": places.output_data,
        "SM_OUTPUT_DIR": places.output,
        "ROLLCALL_PACK_DIR": places.pack,
    }
    for name, path in names.items():
        monkeypatch.setenv(name, str(path))
    monkeypatch.delenv("SM_HPS", raising=False)


def test_a_job_goes_on_where_w_and_b_does_not(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    places = places_of(tmp_path, pack)
    write_dataset(school(pack.model_id, 12, 0), places.templates, pack.model_id)
    set_environment(monkeypatch, places)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert retrain.main() == 0
    said = capsys.readouterr().out
    assert "not tracked in W&B (online)" in said
    assert "not tracked in W&B (offline)" in said
    assert "model.json" in read_files(places.model)
    assert not (places.output / "failure").exists()


def test_why_a_job_failed_is_where_sagemaker_looks(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = places_of(tmp_path, pack)
    write_dataset(school(pack.model_id, 12, 0), places.templates, "other-0123456789ab")
    set_environment(monkeypatch, places)
    assert retrain.main() == 1
    assert "of the pack 'other-0123456789ab'" in (places.output / "failure").read_text()
    assert not places.model.exists()


def test_of_what_was_not_foreseen_only_the_kind_is_told(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = places_of(tmp_path, pack)
    set_environment(monkeypatch, places)
    monkeypatch.setenv("SM_HPS", '{"candidates": "none,magic"}')
    with pytest.raises(ValueError, match="magic"):
        retrain.main()
    assert (places.output / "failure").read_text() == "ValueError"


def test_what_may_be_chosen_is_a_hyperparameter() -> None:
    assert retrain.kinds_of({}) == ("none", "wccn", "head")
    assert retrain.kinds_of({"SM_HPS": "{}"}) == ("none", "wccn", "head")
    assert retrain.kinds_of({"SM_HPS": '{"candidates": "none, head"}'}) == ("none", "head")


def test_without_variables_folders_are_where_sagemaker_has_them() -> None:
    places = retrain.Places.of({})
    assert places.templates == Path("/opt/ml/input/data/templates")
    assert (places.model, places.output) == (Path("/opt/ml/model"), Path("/opt/ml/output"))


def test_an_interruption_leaves_no_half_model(done: Done, tmp_path: Path) -> None:
    """As a spot instance is taken back, at whatever it is at: here, right after it has begun to learn."""
    places = done.places
    environment = {
        **os.environ,
        "SM_CHANNEL_TEMPLATES": str(places.templates),
        "SM_CHANNEL_CHAMPION": str(places.champion),
        "SM_MODEL_DIR": str(tmp_path / "model"),
        "SM_OUTPUT_DATA_DIR": str(tmp_path / "data"),
        "SM_OUTPUT_DIR": str(tmp_path / "output"),
        "ROLLCALL_PACK_DIR": str(places.pack),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "training.retrain"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "to learn from" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == retrain.INTERRUPTED
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "output" / "failure").exists()


def test_half_of_a_model_is_none(done: Done, tmp_path: Path) -> None:
    """model.json is the last to be written and the first to go."""
    write_files(done.files, tmp_path)
    assert read_files(tmp_path) == done.files
    write_files({"manifest.json": b"{}"}, tmp_path)
    assert read_files(tmp_path) == {"manifest.json": b"{}"}
    assert NAMES[-1] == "model.json"


def test_the_sides_of_a_report_are_the_manifest_s(done: Done) -> None:
    manifest = json.loads(done.files["manifest.json"])
    assert all(person["side"] == side_of(person["person_id"]) for person in manifest["people"])
    assert len(manifest["people"]) == len(done.members)
