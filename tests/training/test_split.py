"""The division of people: the same for ever, and nobody on both sides."""

from pathlib import Path

import pytest

from training.photos import Person, WrongSets, people_in
from training.split import CALIBRATION, TEST, Sets, half_of, main, sets_of, write_split


def named(name: str, photos: int) -> Person:
    return Person(name, tuple(Path(name, f"{number}.jpg") for number in range(photos)))


PEOPLE = [named(f"Person_{number}", 1 + number % 6) for number in range(600)]


def names_of(sets: Sets) -> set[str]:
    return {person.name for kind in vars(sets).values() for person in kind}


def test_a_person_s_half_never_changes() -> None:
    """As sha256 says; should one of these change, every figure ever published would be of other people."""
    halves = {name: half_of(name) for name in ("Ann_Example", "Dan_Example", "Eve_Example", "Zoë_Example")}
    assert halves == {
        "Ann_Example": "calibration",
        "Dan_Example": "test",
        "Eve_Example": "test",
        "Zoë_Example": "calibration",
    }


def test_everybody_is_in_one_half_and_one_set() -> None:
    calibration, test = sets_of(PEOPLE, CALIBRATION), sets_of(PEOPLE, TEST)
    assert names_of(calibration).isdisjoint(names_of(test))
    assert names_of(calibration) | names_of(test) == {person.name for person in PEOPLE}
    assert sum(len(kind) for half in (calibration, test) for kind in vars(half).values()) == len(PEOPLE)
    assert 240 < len(names_of(test)) < 360


def test_a_name_that_is_no_text_has_a_half_too() -> None:
    """Folders of another machine's encoding: Python reads their bytes as surrogates."""
    assert half_of(b"Zo\xeb".decode(errors="surrogateescape")) in (CALIBRATION, TEST)


def test_the_number_of_photos_decides_who_is_enrolled() -> None:
    for half in (CALIBRATION, TEST):
        sets = sets_of(PEOPLE, half)
        assert {len(person.photos) for person in sets.people} == {4, 5, 6}
        assert {len(person.photos) for person in sets.cohort} == {2, 3}
        assert {len(person.photos) for person in sets.strangers} == {1}


def test_other_seeds_divide_anew() -> None:
    halves = [names_of(sets_of(PEOPLE, TEST, seed)) for seed in (None, 0, 1)]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        shared = len(halves[first] & halves[second])
        assert 0.15 < shared / len(PEOPLE) < 0.35
    assert halves[1] == names_of(sets_of(PEOPLE, TEST, 0))


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    for person in PEOPLE[:60]:
        for photo in person.photos:
            path = tmp_path / "faces" / photo
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(str(photo).encode())
    return tmp_path / "faces"


def test_the_split_is_written_as_links_to_the_photos(faces: Path, tmp_path: Path) -> None:
    assert main(["--faces", str(faces), "--into", str(tmp_path / "into")]) == 0
    links = list((tmp_path / "into").glob("*/*/*"))
    assert len(links) == 60
    for link in links:
        half, kind, name = link.parts[-3:]
        assert link.resolve() == faces / name
        assert half == half_of(name)
        assert kind == {1: "strangers", 2: "cohort", 3: "cohort"}.get(len(list(link.iterdir())), "people")


def test_splitting_again_replaces_the_split_and_nothing_else(faces: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    (into / "test" / "people").mkdir(parents=True)
    (into / "test" / "people" / "gone").symlink_to(tmp_path)
    (into / "mine").mkdir()
    main(["--faces", str(faces), "--into", str(into)])
    assert not (into / "test" / "people" / "gone").exists()
    assert (into / "mine").exists()
    main(["--faces", str(faces), "--into", str(into)])
    assert all(photo.exists() for person in PEOPLE[:60] for photo in [faces / each for each in person.photos])


def test_a_folder_without_people_cannot_be_divided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--faces", str(tmp_path / "nowhere"), "--into", str(tmp_path / "into")]) == 2
    assert "no folder" in capsys.readouterr().err


def test_writing_again_replaces_links_and_touches_nothing_else(tmp_path: Path) -> None:
    for name in ("ann", "ben", "cas"):
        (tmp_path / "faces" / name).mkdir(parents=True)
        (tmp_path / "faces" / name / "1.jpg").write_bytes(b"")
    into = tmp_path / "into"
    first = write_split(tmp_path / "faces", into)
    assert write_split(tmp_path / "faces", into) == first
    kept = into / CALIBRATION / "people" / "mine" / "letter.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    with pytest.raises(WrongSets, match="no link"):
        write_split(tmp_path / "faces", into)
    assert kept.read_text() == "mine"
    assert sum(path.is_symlink() for path in into.glob("*/*/*")) == 3


def test_two_spellings_of_one_name_are_divided_as_one_person(tmp_path: Path) -> None:
    for name, photos in (("Zo\u00eb", 2), ("Zoe\u0308", 2)):
        (tmp_path / "faces" / name).mkdir(parents=True)
        for number in range(photos):
            (tmp_path / "faces" / name / f"{number}.jpg").write_bytes(f"{name} {number}".encode())
    half, into = half_of("Zo\u00eb"), tmp_path / "into"
    counts = write_split(tmp_path / "faces", into)
    assert {folder: count for folder, count in counts.items() if count} == {f"{half}/people": 1}
    (person,) = people_in(into / half / "people")
    assert len(person.photos) == 4
