"""The bench itself, once over one drawn head, without peers."""

import json
from pathlib import Path

import pytest

from tests.bench import environments
from tests.bench.__main__ import OK, WRONG_CALL, main, measure, write
from tests.bench.cases import Layout, cases
from tests.bench.contestants import PEERS, built, rules
from tests.bench.environments import Environment

FIELDS = {"case", "stage", "ours_ms", "peer", "peer_ms", "ratio", "found_ours", "found_peer"}
STAGES = {"decode", "detect", "align", "embed", "match", "whole frame", "per face found"}


def test_one_drawn_head_is_measured_from_decoding_to_memory(pack_dir: Path, tmp_path: Path) -> None:
    found = measure(pack_dir, peers=[], folder=None, seconds=0, layouts=[Layout(640, 480, 1)])
    assert all(set(row) == FIELDS for row in found["rows"])
    assert {row["case"] for row in found["rows"]} == {"640x480, 1 face, drawn heads"}
    assert {row["stage"] for row in found["rows"]} >= STAGES
    (whole,) = (row for row in found["rows"] if row["stage"] == "whole frame")
    assert whole["peer"] == "bare kernels + decode"
    assert whole["found_ours"] == whole["found_peer"] == 1
    assert whole["ratio"] == whole["peer_ms"] / whole["ours_ms"]
    assert set(found["match_share"]) == {whole["case"]}
    assert found["cold_start_ms"] > 0
    assert found["memory_mib"] > 0
    assert found["machine"]["processor"]
    write(tmp_path / "bench.json", found)
    assert json.loads((tmp_path / "bench.json").read_text()) == found


def test_what_was_measured_before_stays_in_the_file(tmp_path: Path) -> None:
    write(tmp_path / "new" / "bench.json", {"rows": [1], "memory_mib": 2})
    write(tmp_path / "new" / "bench.json", {"pairs": 3})
    write(tmp_path / "new" / "bench.json", {"rows": [4]})
    assert json.loads((tmp_path / "new" / "bench.json").read_text()) == {
        "rows": [4],
        "memory_mib": 2,
        "pairs": 3,
    }


def test_drawn_frames_have_the_size_that_their_name_says() -> None:
    frames = cases([Layout(320, 240, 2, shrink=2.0)])
    (frame,) = frames
    assert frame.name == "320x240, 2 faces, drawn heads"
    from chalicelib.vision.decode import decode_picture

    assert decode_picture(frame.jpeg).shape == (240, 320, 3)
    assert cases([Layout(320, 240, 2, shrink=2.0)]) == frames


def test_a_peer_that_is_not_built_is_left_out_and_its_command_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environments, "PEERS", tmp_path)
    assert built(PEERS) == []
    told = capsys.readouterr().err
    assert "make bench-peers" in told
    assert "make bench-blas" in told


def test_an_environment_is_built_anew_when_its_requirements_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "PEERS", tmp_path)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("one==1\n")
    environment = Environment("peer", requirements, "make peer")
    environment.home.mkdir()
    assert not environment.is_built
    (environment.home / ".installed").write_text(environment.wanted())
    assert environment.is_built
    requirements.write_text("one==2\n")
    assert not environment.is_built


@pytest.mark.parametrize(
    "path", sorted(environments.HERE.glob("requirements-*.txt")), ids=lambda path: path.stem
)
def test_peers_are_pinned(path: Path) -> None:
    packages = [line for line in path.read_text().splitlines() if line and not line.startswith(("#", "-r"))]
    assert packages
    assert all("==" in package for package in packages)


def test_everybody_has_one_thread_and_nobody_is_told_which_processor_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert "OPENBLAS_CORETYPE" not in rules()
    assert rules()["OMP_NUM_THREADS"] == rules()["OPENBLAS_NUM_THREADS"] == "1"


def test_pairs_without_photographs_are_a_wrong_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROLLCALL_FACES", raising=False)
    assert (OK, WRONG_CALL) == (0, 2)
    assert main(["--pairs"]) == WRONG_CALL
