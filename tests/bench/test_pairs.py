from pathlib import Path

import numpy as np
import pytest

from tests.bench.pairs import accepted, compare, draw_pairs, operating_points, scores

DIFFERENT = np.arange(1000) / 1000  # the best of a thousand impostors scores .999


@pytest.fixture
def people(tmp_path: Path) -> Path:
    for person, photos in {"ann": 3, "ben": 3, "cleo": 1}.items():
        (tmp_path / person).mkdir()
        for number in range(photos):
            (tmp_path / person / f"{number}.jpg").touch()
    return tmp_path


def test_pairs_are_of_one_person_or_of_two_and_never_twice(people: Path) -> None:
    pairs = draw_pairs(people, 6, seed=1)
    assert all(one.parent == other.parent and one != other for one, other in pairs.same)
    assert all(one.parent != other.parent for one, other in pairs.different)
    assert len(set(pairs.same)) == len(set(pairs.different)) == 6


def test_the_same_seed_draws_the_same_pairs(people: Path) -> None:
    assert draw_pairs(people, 4, seed=1) == draw_pairs(people, 4, seed=1)
    assert draw_pairs(people, 4, seed=1) != draw_pairs(people, 4, seed=2)


def test_a_photo_without_a_face_makes_its_pair_a_non_match() -> None:
    face, none = Path("face"), Path("none")
    found = scores([(face, face), (face, none)], {face: [1.0, 0.0], none: None})
    assert found.tolist() == [0.0, -np.inf]


def test_the_threshold_accepts_no_more_impostors_than_the_rate_allows() -> None:
    same = np.array([0.989, 0.9895, 0.9995, -np.inf])  # the first only ties with the eleventh impostor
    accepted_same, false_accepts = accepted(same, DIFFERENT, 0.01)
    assert false_accepts == 10
    assert accepted_same.tolist() == [False, True, True, False]


def test_a_rate_with_few_false_accepts_behind_it_is_called_unsupported() -> None:
    one_percent, one_in_a_thousand = operating_points(np.array([0.9985, 0.5]), DIFFERENT)
    assert one_percent == {"far": 0.01, "false_accepts": 10, "supported": True, "tar": 0.5}
    assert one_in_a_thousand == {"far": 0.001, "false_accepts": 1, "supported": False, "tar": 0.5}


def test_misses_count_against_their_finder(people: Path) -> None:
    """Both tell people apart perfectly; the peer finds no face in one of Ann's photos."""
    pairs = draw_pairs(people, 6, seed=1)
    place_by_name = {"ann": [1.0, 0.0], "ben": [0.0, 1.0], "cleo": [-1.0, 0.0]}
    ours = {photo: place_by_name[photo.parent.name] for photo in pairs.photos()}
    blind_to = people / "ann" / "0.jpg"
    theirs = {photo: None if photo == blind_to else place for photo, place in ours.items()}
    our_result, their_result = compare(pairs, {"ours": ours, "peer": theirs})["results"]
    assert [point["tar"] for point in our_result["operating_points"]] == [1.0, 1.0]
    assert their_result["photos_missed"] == 1
    assert their_result["operating_points"][0]["tar"] == pytest.approx(4 / 6)
    assert (their_result["only_ours"], their_result["only_theirs"]) == (2, 0)
