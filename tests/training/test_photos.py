"""Folders of people: who is in them, and who may not be in two."""

from pathlib import Path

import pytest

from training.photos import Person, WrongSets, people_in, require_distinct


def put(folder: Path, name: str, *photos: bytes, suffix: str = ".jpg") -> Person:
    (folder / name).mkdir(parents=True)
    paths = tuple(folder / name / f"{number}{suffix}" for number in range(len(photos)))
    for path, photo in zip(paths, photos, strict=True):
        path.write_bytes(photo)
    return Person(name, paths)


def test_people_and_their_photos_come_by_name(tmp_path: Path) -> None:
    ben, ann = put(tmp_path, "ben", b"3", b"4", suffix=".PNG"), put(tmp_path, "ann", b"1", b"2")
    (tmp_path / "ann" / "notes.txt").write_text("no photo")
    (tmp_path / "a file.jpg").write_bytes(b"5")
    assert people_in(tmp_path) == (ann, ben)


def test_who_has_too_few_photos_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, "ann", b"1")
    ben = put(tmp_path, "ben", b"2", b"3")
    assert people_in(tmp_path, 2) == (ben,)


def test_a_folder_that_is_none_or_holds_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongSets, match="is no folder"):
        people_in(tmp_path / "nowhere")
    with pytest.raises(WrongSets, match="a folder per person"):
        people_in(tmp_path)
    put(tmp_path, "ann", b"1", b"2", b"3")
    with pytest.raises(WrongSets, match=r"4 photo"):
        people_in(tmp_path, 4)


def test_one_name_in_two_sets_is_refused_however_it_is_written(tmp_path: Path) -> None:
    one, other = put(tmp_path / "a", "Ann_Groß", b"1"), put(tmp_path / "b", "ANN_GROSS", b"2")
    with pytest.raises(WrongSets, match="ANN_GROSS is among both people and strangers"):
        require_distinct({"people": [one], "strangers": [other]})


def test_one_picture_in_two_sets_is_refused_whatever_it_is_called(tmp_path: Path) -> None:
    one, other = put(tmp_path / "a", "ann", b"1", b"2"), put(tmp_path / "b", "unknown", b"3", b"2")
    with pytest.raises(WrongSets, match="are the same picture"):
        require_distinct({"people": [one], "strangers": [], "cohort": [other]})


def test_different_people_may_stand_in_different_sets_and_photos_twice_in_one(tmp_path: Path) -> None:
    one, other = put(tmp_path / "a", "ann", b"1", b"1"), put(tmp_path / "b", "ben", b"2")
    require_distinct({"people": [one], "strangers": [other]})


COMPOSED, DECOMPOSED = "Zo\u00eb", "Zoe\u0308"


def test_one_name_has_one_spelling_however_the_disk_writes_it(tmp_path: Path) -> None:
    """What one machine calls composed and another decomposed is one person, with the photos of both folders."""
    put(tmp_path, "zz", b"3")
    put(tmp_path, DECOMPOSED, b"2")
    put(tmp_path, COMPOSED, b"1")
    zoe, last = people_in(tmp_path)
    assert (zoe.name, last.name) == (COMPOSED, "zz")
    assert sorted(photo.read_bytes() for photo in zoe.photos) == [b"1", b"2"]
    assert people_in(tmp_path, 2) == (zoe,)


def test_two_spellings_of_one_name_are_in_two_sets(tmp_path: Path) -> None:
    put(tmp_path / "a", COMPOSED, b"1")
    put(tmp_path / "b", DECOMPOSED, b"2")
    with pytest.raises(WrongSets, match="is among both"):
        require_distinct({"people": people_in(tmp_path / "a"), "strangers": people_in(tmp_path / "b")})
