"""Odd calls of the commands: one line that says what is wrong, exit status 2, and nothing written."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from training import ablate, calibrate, duplicates, evaluate, evaluate_classroom, repeat_splits, split
from training.classroom import ROSTER

Main = Callable[[Sequence[str]], int]

SETS = ("--people", "people", "--strangers", "strangers", "--cohort", "cohort")
COMMANDS: dict[str, tuple[Main, tuple[str, ...]]] = {
    "ablate": (ablate.main, ("--faces", ".")),
    "duplicates": (duplicates.main, SETS),
    "evaluate": (evaluate.main, SETS),
    "evaluate_classroom": (evaluate_classroom.main, SETS),
    "repeat_splits": (repeat_splits.main, ("--faces", ".")),
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each command is called, with a folder and a file in the way."""
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "file").write_text("mine")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [
        *[(name, "--out", "folder.json") for name in COMMANDS],
        *[("evaluate", "--out", value) for value in ("report.html", "report", "file/report.json", "")],
        *[("evaluate", "--draws", value) for value in ("0", "-1", "1.5", "many")],
        *[("evaluate", "--seed", value) for value in ("-1", "x")],
        *[("evaluate", "--gallery", value) for value in ("1", "-3")],
        *[("evaluate_classroom", "--sessions", value) for value in ("0", "-5")],
        *[("repeat_splits", "--splits", value) for value in ("0", "-1")],
    ],
)
def test_a_value_that_can_only_fail_is_refused_before_anything_is_measured(
    home: Path, capsys: pytest.CaptureFixture[str], command: str, option: str, value: str
) -> None:
    main, given = COMMANDS[command]
    with pytest.raises(SystemExit, match="2"):
        main([*given, "--out", "out.json", option, value])
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith(f"python -m training.{command}: error: argument {option}: ")
    assert sorted(home.iterdir()) == [home / "file", home / "folder.json"]


def call(main: Main, pack_dir: Path, *given: str) -> int:
    return main([*given, "--pack", pack_dir.name, "--packs", str(pack_dir.parent)])


def put(folder: str, name: str, *photos: bytes) -> None:
    home = Path(folder, name)
    home.mkdir(parents=True)
    for number, photo in enumerate(photos):
        (home / f"{number}.jpg").write_bytes(photo)


def said_in_one_line(capsys: pytest.CaptureFixture[str]) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    return line


def grey(level: int) -> bytes:
    return cv2.imencode(".png", np.full((32, 32, 3), level, np.uint8))[1].tobytes()


@pytest.mark.parametrize("command", ["duplicates", "evaluate", "evaluate_classroom"])
def test_a_cache_that_is_a_file_is_told(
    home: Path, pack_dir: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    for level, folder in enumerate(("people", "strangers", "cohort")):
        for number in range(ROSTER + 1):
            put(folder, f"{folder}-{number}", *[grey(level)] * 4)
    main, given = COMMANDS[command]
    more = ("--gallery", "2") if command == "evaluate" else ()
    assert call(main, pack_dir, *given, "--out", "out.json", "--cache", "file", *more) == 2
    assert "'file/" in said_in_one_line(capsys)
    assert not (home / "out.json").exists()


@pytest.mark.usefixtures("home")
def test_too_few_people_cannot_be_divided_again_and_again(
    pack_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(6):
        put("faces", f"p{number}", *[b"no picture"] * (1 + number % 4))
    assert call(repeat_splits.main, pack_dir, "--faces", "faces", "--out", "out.json") == 2
    assert "too few" in said_in_one_line(capsys)


@pytest.mark.usefixtures("home")
def test_people_of_whom_no_face_is_found_have_no_duplicates(
    pack_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("people", "strangers", "cohort"):
        put(folder, folder, *(f"{folder} {number}".encode() for number in range(4)))
    assert call(duplicates.main, pack_dir, *SETS, "--out", "out.json") == 2
    assert "No face is found" in said_in_one_line(capsys)


@pytest.mark.usefixtures("home")
def test_an_ablation_needs_a_roster_and_strangers_who_can_be_shown(
    pack_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put("strangers", "ann", b"cut off")
    put("cohort", "ben", b"nor this")
    for number in range(ablate.ROSTER - 1):
        put("people", f"p{number}", *[b"no picture"] * 4)
    assert call(ablate.main, pack_dir, "--faces", ".", "--out", "out.json") == 2
    assert "A roster of 120" in said_in_one_line(capsys)
    put("people", "one more", *[b"no picture"] * 4)
    assert call(ablate.main, pack_dir, "--faces", ".", "--out", "out.json") == 2
    assert said_in_one_line(capsys).startswith("strangers/ann/0.jpg: ")


@pytest.mark.usefixtures("home")
def test_strangers_none_of_whom_can_be_seen_calibrate_nothing(
    pack_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, photos in (("people", 4), ("strangers", 1), ("cohort", 2)):
        put(folder, folder, *(f"{folder} {number}".encode() for number in range(photos)))
    assert call(calibrate.main, pack_dir, "--faces", ".") == 2
    assert "No face is found" in said_in_one_line(capsys)


@pytest.mark.usefixtures("home")
def test_a_photo_that_cannot_be_shown_to_a_class_is_named(
    pack_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(ROSTER + 1):
        put("people", f"p{number}", *[grey(128)] * 4)
    put("strangers", "ann", b"cut off")
    put("cohort", "ben", b"nor this")
    assert call(evaluate_classroom.main, pack_dir, *SETS, "--out", "out.json") == 2
    assert said_in_one_line(capsys).startswith("strangers/ann/0.jpg: ")


@pytest.mark.parametrize("taken", ["into", "into/test", "into/test/people", "into/calibration/cohort"])
def test_a_split_is_not_written_over_a_file(
    home: Path, capsys: pytest.CaptureFixture[str], taken: str
) -> None:
    put("faces", "ann", b"1")
    (home / taken).parent.mkdir(parents=True, exist_ok=True)
    (home / taken).write_text("mine")
    assert split.main(["--faces", "faces", "--into", "into"]) == 2
    assert said_in_one_line(capsys).startswith(f"{taken} ")
    assert (home / taken).read_text() == "mine"


@pytest.mark.usefixtures("home")
def test_a_split_that_stands_in_the_way_of_another_stays_as_it_is(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that was copied, links and all, is somebody's; one that is divided would lose what it is divided from."""
    put("faces", "ann", b"1")
    put("faces", "ben", b"2")
    assert split.main(["--faces", "faces", "--into", "into"]) == 0
    before = sorted(home.rglob("*"))
    put("copied/test/people", "ann", b"1")
    for faces, into in (("faces", "copied"), ("into/calibration/strangers", "into")):
        assert split.main(["--faces", faces, "--into", into]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert [path for path in sorted(home.rglob("*")) if "copied" not in path.parts] == before
    assert all(path.exists() for path in before)
