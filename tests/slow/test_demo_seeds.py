"""The demo as a newcomer runs it, for several seeds, and with real photographs where somebody provides them."""

import json
import os
from pathlib import Path

import pytest

from infra.demo.__main__ import main

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(1, 6))
def test_every_seed_ends_well(seed: int, pack_dir: Path, tmp_path: Path) -> None:
    assert pack_dir.exists()
    assert main(["--seed", str(seed), "--out", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "demo.json").read_text())
    assert (figures["students"], figures["registered"]) == (12, 12)
    assert figures["present"] >= 11
    assert (figures["wrong"], figures["strangers_accepted"]) == (0, 0)
    assert (figures["erased"], figures["traces_after_erasure"]) == (1, 0)
    assert figures["strangers_seen"] == 2
    assert figures["frames"] >= 13 + 6
    assert (figures["claims_accepted"], figures["claims_refused"]) == (1, 1)
    assert (figures["duplicates_flagged"], figures["twins_left_to_humans"]) == (2, 1)
    assert figures["retraining"]["decision"] == "not_enough_evidence"
    assert figures["frames_read_by_champion"] == 1


@pytest.mark.parametrize("seed", range(1, 4))
def test_real_people_are_enrolled_and_no_stranger_is_accepted(
    seed: int, pack_dir: Path, tmp_path: Path
) -> None:
    faces = os.environ.get("ROLLCALL_FACES")
    if not faces:
        pytest.skip("ROLLCALL_FACES names no folder of photographs.")
    assert pack_dir.exists()
    folders = ["--faces", f"{faces}/colour", "--strangers", f"{faces}/lfw"]
    assert main([*folders, "--seed", str(seed), "--out", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "demo.json").read_text())
    assert figures["registered"] == figures["students"] == 10
    assert figures["strangers_seen"] > 0
    assert (figures["wrong"], figures["strangers_accepted"]) == (0, 0)
    assert (figures["erased"], figures["traces_after_erasure"]) == (1, 0)
