"""`python -m chalicelib.vision`, called as a function, and once as a process."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from chalicelib.vision.__main__ import main
from chalicelib.vision.pack import load_pack, read_declaration, write_declaration
from infra.demo.identity import draw_identity
from infra.demo.scenes import registration_photos
from layers.packs.derive import derive_pack

Command = Callable[..., tuple[int, str, str]]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ann-0.jpg … ann-2.jpg, stranger.jpg, nobody.png, cut-off.jpg, text.jpg"""
    folder = tmp_path_factory.mktemp("pictures")
    ann, stranger = (draw_identity(f"person {seed}", np.random.default_rng(seed)) for seed in (1, 6))
    for number, photo in enumerate(registration_photos(ann, seed=1, count=3)):
        (folder / f"ann-{number}.jpg").write_bytes(photo)
    (folder / "stranger.jpg").write_bytes(registration_photos(stranger, seed=1, count=1)[0])
    (folder / "cut-off.jpg").write_bytes((folder / "ann-0.jpg").read_bytes()[:5_000])
    (folder / "text.jpg").write_text("not a picture")
    cv2.imwrite(str(folder / "nobody.png"), np.full((480, 640, 3), 128, np.uint8))
    return folder


@pytest.fixture
def call(
    folder: Path, pack_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs the command in the folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(folder)

    def run(*arguments: str, pack: str = str(pack_dir)) -> tuple[int, str, str]:
        code = main([*arguments, "--pack", pack])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_faces_are_listed(call: Command) -> None:
    code, out, err = call("ann-0.jpg", "nobody.png")
    assert code == 0
    assert "ann-0.jpg: 1 face\n  1. " in out
    assert "detection 0.99" in out
    assert "nobody.png: 0 faces\n  camera blocked: Uncover the lens.\n" in out
    assert err == ""


def test_who_is_enrolled_is_recognised_and_a_stranger_is_not(call: Command) -> None:
    enrolment = ["--enrol", "ann=ann-0.jpg", "--enrol", "ann=ann-1.jpg"]
    code, out, _ = call("ann-2.jpg", "stranger.jpg", *enrolment)
    assert code == 0
    assert "ann from ann-0.jpg: 1 usable view of 1 sample." in out
    known, stranger = (line for line in out.splitlines() if line.startswith("  1."))
    assert known.endswith(": accepted")
    assert ": ann, similarity 0." in known
    assert stranger.endswith(": unknown")


def test_the_annotated_picture_is_written(call: Command, folder: Path) -> None:
    code, _, _ = call("ann-2.jpg", "--enrol", "ann=ann-0.jpg", "--out", "seen.jpg")
    assert code == 0
    seen, plain = cv2.imread(str(folder / "seen.jpg")), cv2.imread(str(folder / "ann-2.jpg"))
    assert seen.shape == plain.shape
    assert np.abs(seen.astype(int) - plain).max() > 60


def test_what_cannot_be_read_is_named_and_the_others_are_still_shown(call: Command) -> None:
    code, out, err = call("cut-off.jpg", "text.jpg", "missing.jpg", "ann-0.jpg")
    assert code == 1
    assert "ann-0.jpg: 1 face" in out
    assert err.splitlines() == [
        "cut-off.jpg: The picture is cut off before its end.",
        "text.jpg: Neither a picture (JPEG, PNG, WebP) nor a video (MP4, MOV, WebM, Matroska, AVI).",
        "missing.jpg: No such file or directory",
    ]


def test_an_enrolment_without_a_usable_view_says_why(call: Command) -> None:
    code, out, _ = call("ann-0.jpg", "--enrol", "ann=nobody.png")
    assert code == 1
    assert "No usable view: of 1 sample 1 showed no face. Keep your face in the picture." in out


def test_a_missing_pack_is_told(call: Command) -> None:
    code, _, err = call("ann-0.jpg", pack="nowhere")
    assert code == 3
    assert "make pack" in err


def test_a_pack_whose_embedder_is_not_as_declared_is_told_once(
    call: Command, pack_dir: Path, tmp_path: Path
) -> None:
    other = derive_pack(pack_dir, tmp_path / "other", "other", load_pack(pack_dir).thresholds).directory
    declaration = read_declaration(other)
    declaration["embedder"]["dimension"] = 512
    (other / "pack.json").write_text(write_declaration(declaration))
    code, out, err = call("nobody.png", "ann-0.jpg", pack=str(other))
    assert (code, out) == (3, "")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "wrong",
    [["a.jpg", "--enrol", "ann"], ["a.jpg", "--enrol", "=b.jpg"], ["a.jpg", "b.jpg", "--out", "c.jpg"], []],
)
def test_a_wrong_call_is_refused(call: Command, wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        call(*wrong)
    assert "usage: python -m chalicelib.vision" in capsys.readouterr().err


def test_it_runs_as_a_module(folder: Path, pack_dir: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "chalicelib.vision", str(folder / "ann-0.jpg"), "--pack", str(pack_dir)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "ann-0.jpg: 1 face" in run.stdout


def test_what_is_wrong_with_a_view_is_told(call: Command, folder: Path) -> None:
    dim = cv2.convertScaleAbs(cv2.imread(str(folder / "ann-0.jpg")), alpha=0.18)
    cv2.imwrite(str(folder / "dim.png"), dim)
    _, out, _ = call("dim.png")
    assert "  camera dark: Give the room more light.\n" in out
    assert "(too_dark)" in out
