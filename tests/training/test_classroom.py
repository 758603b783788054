"""Sessions of a class: who is drawn, what is shown, and what is held against the register."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.attendance import AttendanceRecord, Evidence, sighted
from chalicelib.domain.sightings import Box, Decision
from chalicelib.vision.pack import load_pack
from chalicelib.vision.recogniser import Recogniser
from infra.demo.identity import draw_identity
from infra.demo.scenes import registration_photos
from training import evaluate_classroom
from training.classroom import (
    _NOW,
    ABSENT,
    FACES_PER_FRAME,
    MOST_LOOKS,
    ROSTER,
    Outcome,
    Session,
    _judged,
    draw_session,
    hold,
)
from training.evaluate_classroom import summary
from training.features import look_at
from training.photos import Person
from training.split import PROBES_FROM
from training.trials import template_of


def named(name: str, photos: int) -> Person:
    return Person(name, tuple(Path(name, f"{number}.jpg") for number in range(photos)))


PEOPLE = [named(f"p{number}", 4 + number % 9) for number in range(45)]
STRANGERS = [named(f"s{number}", 1) for number in range(20)]
PHOTOS = {person.name: person.photos for person in (*PEOPLE, *STRANGERS)}


@given(st.integers(0, 100_000))
def test_a_session_is_of_the_people_that_it_says(seed: int) -> None:
    session = draw_session(PEOPLE, STRANGERS, seed)
    shown = {name for frame in session.frames for name, _ in frame}
    present = set(session.roster) - session.absent
    assert len(set(session.roster)) == len(session.roster) == ROSTER == 30
    assert session.absent < set(session.roster)
    assert len(session.absent) == ABSENT == 0.2 * ROSTER
    assert not session.strangers & set(session.roster)
    assert shown == present | session.strangers
    assert 0.08 <= len(session.strangers) / len(shown) <= 0.12


@given(st.integers(0, 100_000))
def test_a_look_is_a_photo_of_its_own_and_no_one_is_in_a_frame_twice(seed: int) -> None:
    session = draw_session(PEOPLE, STRANGERS, seed)
    looks = [look for frame in session.frames for look in frame]
    assert len({photo for _, photo in looks}) == len(looks)
    assert all(photo in PHOTOS[name] for name, photo in looks)
    for frame in session.frames:
        assert len({name for name, _ in frame}) == len(frame) <= FACES_PER_FRAME
    for name in set(session.roster) - session.absent:
        mine = {photo for other, photo in looks if other == name}
        assert not mine & set(PHOTOS[name][:PROBES_FROM])
        assert mine == set(PHOTOS[name][PROBES_FROM : PROBES_FROM + MOST_LOOKS])


@given(st.integers(0, 100_000))
def test_one_stranger_is_looked_at_as_often_as_students_are(seed: int) -> None:
    session = draw_session(PEOPLE, STRANGERS, seed)
    off_roster = session.strangers & {person.name for person in PEOPLE}
    assert len(off_roster) == 1
    looks = [name for frame in session.frames for name, _ in frame]
    assert looks.count(next(iter(off_roster))) >= 4


def test_sessions_differ_by_their_seed_alone() -> None:
    assert draw_session(PEOPLE, STRANGERS, 1) == draw_session(PEOPLE, STRANGERS, 1)
    assert draw_session(PEOPLE, STRANGERS, 1) != draw_session(PEOPLE, STRANGERS, 2)


# What is held against the register, on records made by hand.

NAMES = tuple(f"student-{number:02}" for number in range(ROSTER))
SESSION = Session(NAMES, frozenset(NAMES[:ABSENT]), frozenset({"stranger"}), ())
GONE, THERE = NAMES[0], NAMES[ABSENT:]


def evidence(number: int, excess: float = 0.1) -> Evidence:
    return Evidence(f"frame-{number}", "m", Box(0, 0, 1, 1), 0.9, 0.5 + excess, 0.2, 0.5, 0.9)


def judged(*sightings: tuple[str, str | None, Decision, float]) -> Outcome:
    """Of (whom the sighting names, whom it shows, what was decided, by how much); all others are unseen."""
    records = {name: AttendanceRecord("session", name) for name in NAMES}
    shows: dict[Evidence, str | None] = {}
    for number, (named_as, showing, decision, excess) in enumerate(sightings):
        found = evidence(number, excess)
        shows[found] = showing
        records[named_as] = sighted(records[named_as], decision, found, _NOW)
    return _judged(SESSION, records, shows, set(), 0)


def test_an_absent_student_who_is_marked_is_wrongly_present() -> None:
    found = judged((GONE, "stranger", Decision.ACCEPTED, 0.1))
    assert found.wrongly_present == (GONE,)
    assert found.swapped == ()
    assert found.wrongly_unseen == THERE


def test_a_student_who_is_there_and_not_seen_is_wrongly_unseen() -> None:
    found = judged(*((name, name, Decision.ACCEPTED, 0.1) for name in THERE[1:]))
    assert found.wrongly_unseen == THERE[:1]
    assert found.unseen_before_review == 1
    assert (found.wrongly_present, found.swapped, found.reviewed) == ((), (), 0)


def test_a_student_who_is_marked_by_another_s_face_is_swapped() -> None:
    found = judged(
        (THERE[0], THERE[1], Decision.ACCEPTED, 0.1),
        (THERE[2], THERE[2], Decision.ACCEPTED, 0.1),
        (THERE[3], None, Decision.ACCEPTED, 0.1),
    )
    assert found.swapped == (THERE[0], THERE[3])


def test_the_best_evidence_decides_who_was_swapped() -> None:
    another, own = (THERE[0], THERE[1], Decision.ACCEPTED, 0.1), (THERE[0], THERE[0], Decision.ACCEPTED, 0.3)
    assert judged(another, own).swapped == ()
    assert judged((*another[:3], 0.4), own).swapped == (THERE[0],)


def test_a_human_sees_one_item_for_ten_students_present_and_the_best_ones_first() -> None:
    """24 are there: two of four proposals are looked at."""
    weak, strong = (
        [(name, name, Decision.REVIEW, -0.2) for name in THERE[:2]],
        [(name, name, Decision.REVIEW, -0.1) for name in THERE[2:4]],
    )
    found = judged(*weak, *strong)
    assert found.reviewed == 2
    assert found.unseen_before_review == 24
    assert set(THERE) - set(found.wrongly_unseen) == set(THERE[2:4])


def test_a_wrong_proposal_is_not_confirmed_and_costs_its_place() -> None:
    found = judged(
        (GONE, "stranger", Decision.REVIEW, -0.01),
        (THERE[0], THERE[1], Decision.REVIEW, -0.02),
        (THERE[2], THERE[2], Decision.REVIEW, -0.03),
    )
    assert found.reviewed == 2
    assert found.wrongly_unseen == THERE
    assert found.wrongly_present == ()


def test_who_is_marked_already_is_not_proposed() -> None:
    found = judged(
        (THERE[0], THERE[0], Decision.ACCEPTED, 0.1),
        (THERE[0], THERE[0], Decision.REVIEW, -0.01),
        (THERE[1], THERE[1], Decision.REVIEW, -0.02),
        (THERE[2], THERE[2], Decision.REVIEW, -0.03),
    )
    assert found.reviewed == 2
    assert set(THERE) - set(found.wrongly_unseen) == set(THERE[:3])


# The figures of many sessions.


def outcome(wrongly_present: int = 0, wrongly_unseen: int = 0) -> Outcome:
    return Outcome(
        SESSION, NAMES[:wrongly_present], THERE[:wrongly_unseen], wrongly_unseen + 1, (), (), 2, 50
    )


def test_rates_are_per_session_and_student_with_what_stands_behind_them() -> None:
    found = summary([outcome(1, 3), outcome(0, 0), outcome(0, 1), outcome(0, 2)])
    assert (found["sessions"], found["trials"], found["absent_trials"]) == (4, 120, 24)
    assert (found["distinct_absent"], found["distinct_strangers"]) == (6, 1)
    assert (found["wrongly_present"]["count"], found["wrongly_present"]["rate"]) == (1, 1 / 120)
    assert found["wrongly_unseen"]["rate"] == pytest.approx(6 / 120)
    assert found["unseen_before_review"]["rate"] == pytest.approx(10 / 120)
    assert found["swapped"]["upper_if_none"] == pytest.approx(3 / 4 / 30)
    assert "upper_if_none" not in found["wrongly_present"]


def test_intervals_are_clustered_by_session() -> None:
    """Six at once in every tenth session are less certain than as many spread out."""
    together = summary([outcome(6 if number % 10 == 0 else 0) for number in range(60)])["wrongly_present"]
    apart = summary([outcome(1 if number % 10 < 6 else 0) for number in range(60)])["wrongly_present"]
    assert together["rate"] == apart["rate"] == pytest.approx(36 / 1800)
    assert np.ptp(together["interval"]) > 2 * np.ptp(apart["interval"])


# From pictures: drawn people, three enrolled and one a stranger.


@pytest.fixture(scope="module")
def drawn_class(tmp_path_factory: pytest.TempPathFactory) -> list[Person]:
    folder = tmp_path_factory.mktemp("class")
    return [draw_person(folder, seed) for seed in (1, 2, 6, 7)]


def draw_person(folder: Path, seed: int) -> Person:
    home = folder / f"drawn-{seed}"
    home.mkdir(parents=True)
    jpegs = registration_photos(draw_identity(f"person {seed}", np.random.default_rng(seed)), 1, 5)
    for number, jpeg in enumerate(jpegs):
        (home / f"{number}.jpg").write_bytes(jpeg)
    return Person(home.name, tuple(sorted(home.iterdir())))


def test_a_class_is_marked_from_its_pictures(drawn_class: list[Person], heads_pack: Path) -> None:
    pack = load_pack(heads_pack)
    *roster, stranger = drawn_class
    features = look_at([photo for each in roster for photo in each.photos[:3]], pack)
    templates = [template_of(each, 3, features, pack.model_id) for each in roster]
    recogniser = Recogniser(pack)
    gallery = recogniser.gallery([each for each in templates if each])
    frames = tuple(
        tuple((each.name, each.photos[number]) for each in (roster[1], roster[2], stranger))
        for number in (3, 4)
    )
    session = Session(
        tuple(each.name for each in roster), frozenset({roster[0].name}), frozenset({stranger.name}), frames
    )
    found = hold(session, recogniser, gallery, seed=3)
    assert found.faces_found == 6
    assert found.wrongly_present == found.strangers_accepted == found.swapped == ()
    assert found.wrongly_unseen == ()
    assert found == hold(session, recogniser, gallery, seed=3)
    nobody = replace(session, absent=frozenset(session.roster))
    assert hold(nobody, recogniser, gallery, seed=3).wrongly_present == tuple(
        sorted(each.name for each in roster[1:])
    )


def arguments(folder: Path, packs: Path, out: Path) -> list[str]:
    return [
        *("--people", str(folder / "people"), "--strangers", str(folder / "strangers")),
        *("--pack", packs.name, "--packs", str(packs.parent), "--sessions", "2", "--out", str(out)),
    ]


def test_a_class_of_thirty_and_one_more_are_needed(
    pack_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(ROSTER):
        for photo in range(4):
            path = tmp_path / "people" / f"p{number}" / f"{photo}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{number} {photo}".encode())
    (tmp_path / "strangers" / "s").mkdir(parents=True)
    (tmp_path / "strangers" / "s" / "0.jpg").write_bytes(b"s")
    assert evaluate_classroom.main(arguments(tmp_path, pack_dir, tmp_path / "out.json")) == 2
    assert "more than 30 are needed" in capsys.readouterr().err


@pytest.mark.slow
def test_whole_sessions_are_measured_from_folders_of_pictures(heads_pack: Path, tmp_path: Path) -> None:
    for seed in range(1, ROSTER + 2):
        draw_person(tmp_path / "people", seed)
    for seed in range(100, 103):
        draw_person(tmp_path / "strangers", seed)
    out = tmp_path / "out.json"
    assert evaluate_classroom.main(arguments(tmp_path, heads_pack, out)) == 0
    document = json.loads(out.read_text())
    assert (document["sessions"], document["trials"], document["enrol"]) == (2, 60, 3)
    assert document["faces_found"] > 0.8 * document["faces"]
    assert document["wrongly_unseen"]["rate"] < 0.5
