"""Human acts on the register, through the real adapters: marks, confirmations, rejections, codes, and their history."""

import itertools
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock
from unittest import mock

import pytest
from botocore.client import BaseClient

from chalicelib import wiring
from chalicelib.domain.attendance import Status
from chalicelib.domain.errors import (
    CodeRefused,
    InvalidRequest,
    NotOnRoster,
    PreconditionFailed,
    SessionNotOpen,
    TooManyRequests,
)
from chalicelib.domain.sessions import Confirmation, Flag, SessionState
from chalicelib.domain.sightings import Decision
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.services.schedule_session import schedule_session
from tests.support.crashes import conflict
from tests.support.fakes import picture
from tests.support.world import START, World


@pytest.fixture
def world(deployment: World) -> World:
    """Begun anew for each test: a face that somebody has already awaits a human."""
    deployment.begin_anew()
    return deployment


def course_of(world: World, *names: str, **settings) -> str:
    world.now = START
    course_id = world.add_course(**settings)
    for name in names:
        world.add_person(name, course_id=course_id)
        world.enrol(name)
    return course_id


@pytest.fixture
def session(world: World) -> str:
    return world.open_session(course_of(world, "Ada", "Ben"))


@pytest.fixture
def in_review(world: World) -> str:
    return world.open_session(course_of(world, "Ada", "Ben", confirmation=Confirmation.REVIEW))


def post(world: World, session_id: str, *names: str, **shown) -> str:
    frame = world.post_frame(session_id, picture(*names, **shown))
    assert on_frame_uploaded(world.event(frame.key), None) == {"batchItemFailures": []}
    return frame.frame_id


def end(world: World, session_id: str) -> None:
    world.pass_time(hours=2)
    assert world.close_session(session_id).state is SessionState.CLOSED


def test_a_mark_outranks_the_camera_survives_late_frames_and_closing(world: World, session: str) -> None:
    post(world, session, "Ben")
    late = world.post_frame(session, picture("Ada", "Ben"))
    world.mark(session, "Ada", Status.EXCUSED, "ill")
    world.mark(session, "Ben", Status.ABSENT, "left at once")
    world.pass_time(hours=2)
    world.close_session(session)
    on_frame_uploaded(world.event(late.key), None)
    assert world.statuses(session) == {"Ada": "excused", "Ben": "absent"}
    world.clear(session, "Ada")
    world.clear(session, "Ben")
    assert world.statuses(session) == {"Ada": "present", "Ben": "present"}


def test_every_human_act_and_every_change_of_status_is_a_line_of_history(world: World, session: str) -> None:
    post(world, session, "Ada")
    world.pass_time(minutes=3)
    post(world, session, "Ada")
    world.mark(session, "Ada", Status.PRESENT, "I saw her too")
    world.mark(session, "Ada", Status.EXCUSED, "went to the nurse")
    world.clear(session, "Ada", "came back")
    world.clear(session, "Ada", "nothing is left to be cleared")
    end(world, session)
    assert world.history(session, "Ada") == [
        ("sighted", "unseen", "present"),
        ("marked", "present", "present"),
        ("marked", "present", "excused"),
        ("cleared", "excused", "present"),
    ]
    assert world.history(session, "Ben") == [("closed", "unseen", "absent")]
    causes = [change.cause for change in wiring.attendance().history(session, world.people["Ada"])]
    assert [cause.by for cause in causes] == [None, "per_teacher", "per_teacher", "per_teacher"]
    assert causes[2].reason == "went to the nurse"
    assert causes[0].frame_id is not None


def test_the_last_mark_stands_whatever_the_clock_says(world: World, session: str) -> None:
    world.pass_time(minutes=10)
    world.mark(session, "Ada", Status.ABSENT)
    world.pass_time(minutes=-5)
    world.mark(session, "Ada", Status.LATE)
    assert world.statuses(session)["Ada"] == "late"


def test_a_mark_of_what_somebody_else_has_changed_meanwhile_is_refused(world: World, session: str) -> None:
    world.mark(session, "Ada", Status.ABSENT, expected_revision=0)
    with pytest.raises(PreconditionFailed):
        world.mark(session, "Ada", Status.LATE, expected_revision=0)
    world.mark(session, "Ada", Status.LATE, expected_revision=1)
    assert world.statuses(session)["Ada"] == "late"


def test_marks_need_a_reason_a_place_on_the_roster_and_a_session_that_has_begun(
    world: World, session: str
) -> None:
    world.add_person("Eve")
    with pytest.raises(NotOnRoster):
        world.mark(session, "Eve", Status.PRESENT)
    with pytest.raises(InvalidRequest):
        world.mark(session, "Ada", Status.EXCUSED)
    with pytest.raises(InvalidRequest):
        world.mark(session, "Ada", Status.UNSEEN)
    tomorrow = schedule_session(
        wiring.sessions().get(session).course_id,
        opens_at=START + timedelta(days=1),
        closes_at=START + timedelta(days=1, hours=1),
        courses=wiring.courses(),
        sessions=wiring.sessions(),
        clock=world.clock,
    ).session_id
    with pytest.raises(SessionNotOpen):
        world.mark(tomorrow, "Ada", Status.PRESENT)
    world.mark(tomorrow, "Ada", Status.EXCUSED, "travels")
    assert world.statuses(tomorrow)["Ada"] == "excused"


def test_without_consent_people_are_marked_and_check_in_all_the_same(world: World, session: str) -> None:
    world.withdraw_consent(world.people["Ada"])
    world.withdraw_consent(world.people["Ben"])
    world.mark(session, "Ada", Status.PRESENT)
    world.check_in(session, "Ben", world.issue_code(session))
    assert world.statuses(session) == {"Ada": "present", "Ben": "present"}


def test_in_review_nobody_is_marked_until_an_instructor_confirms(world: World, in_review: str) -> None:
    post(world, in_review, "Ada", "Ben")
    world.pass_time(minutes=15)
    post(world, in_review, "Ada", score=0.99)
    assert world.statuses(in_review) == {"Ada": "unseen", "Ben": "unseen"}
    assert world.confirm(in_review, "Ada") == [world.people["Ada"]]
    assert world.statuses(in_review) == {"Ada": "present", "Ben": "unseen"}
    world.reject(in_review, "Ben")
    assert world.confirm(in_review) == []
    post(world, in_review, "Ben", score=0.98)
    assert world.confirm(in_review) == [world.people["Ben"]]
    assert world.statuses(in_review) == {"Ada": "present", "Ben": "late"}
    assert world.history(in_review, "Ben") == [
        ("rejected", "unseen", "unseen"),
        ("confirmed", "unseen", "late"),
    ]
    entry = world.register(in_review)["Ada"]
    assert entry.record.mark is not None
    assert (entry.record.mark.by, entry.record.minutes) == ("per_teacher", 15)


def test_a_doubtful_sighting_is_confirmed_in_a_session_without_review_as_well(
    world: World, session: str
) -> None:
    post(world, session, "Ada", decision=Decision.REVIEW, score=0.94)
    post(world, session, "Ben")
    assert world.confirm(session) == [world.people["Ada"]]
    assert world.statuses(session) == {"Ada": "present", "Ben": "present"}


def test_a_student_checks_in_once_with_the_code_being_shown(world: World, session: str) -> None:
    old = world.issue_code(session)
    world.pass_time(minutes=1)
    digits = world.issue_code(session)
    if old != digits:
        with pytest.raises(CodeRefused):
            world.check_in(session, "Ada", old)
    for _ in range(2):
        world.check_in(session, "Ada", digits)
        world.pass_time(seconds=30)
    assert world.history(session, "Ada") == [("checked_in", "unseen", "present")]
    world.pass_time(minutes=10)
    with pytest.raises(CodeRefused):
        world.check_in(session, "Ben", digits)
    world.check_in(session, "Ben", world.issue_code(session))
    assert world.statuses(session) == {"Ada": "present", "Ben": "late"}
    world.pass_time(hours=1)
    with pytest.raises(SessionNotOpen):
        world.check_in(session, "Ben", digits)


def test_codes_cannot_be_tried_one_after_another(world: World, session: str) -> None:
    digits = world.issue_code(session)
    wrong = f"{(int(digits) + 1) % 10**6:06}"
    for _ in range(5):
        with pytest.raises(CodeRefused):
            world.check_in(session, "Ada", wrong)
    with pytest.raises(TooManyRequests):
        world.check_in(session, "Ada", digits)
    world.check_in(session, "Ben", digits)
    world.add_person("Eve", consent=False)
    with pytest.raises(NotOnRoster):
        world.check_in(session, "Eve", digits)


@pytest.mark.parametrize("shown", [None, {"conditions": ["blocked"]}, {"conditions": ["dark"]}], ids=str)
def test_where_no_camera_could_see_nobody_is_absent_and_a_human_is_called(
    world: World, session: str, shown: dict | None
) -> None:
    course_id = wiring.sessions().get(session).course_id
    if shown is not None:
        post(world, session, **shown)
    world.mark(session, "Ben", Status.PRESENT)
    end(world, session)
    assert world.statuses(session) == {"Ada": "unseen", "Ben": "present"}
    (flagged,) = wiring.sessions().flagged(course_id, 10, None).items
    assert (flagged.session_id, flagged.flagged) == (session, Flag.NO_USABLE_FRAMES)


@pytest.mark.parametrize("unmerged", ["before", "during"])
def test_the_first_usable_frame_settles_a_session_that_was_closed_without(
    world: World, session: str, unmerged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processed after the closing, or in the middle of it: the absences are the same."""
    frame = world.post_frame(session, picture("Ada"))
    world.pass_time(hours=2)
    if unmerged == "before":
        world.close_session(session)
        assert world.statuses(session) == {"Ada": "unseen", "Ben": "unseen"}
        on_frame_uploaded(world.event(frame.key), None)
    else:
        save = wiring.sessions().save

        def frame_first(saved, **more):
            if saved.state is SessionState.CLOSED and saved.flagged is not None:
                on_frame_uploaded(world.event(frame.key), None)
            return save(saved, **more)

        monkeypatch.setattr(wiring.sessions(), "save", frame_first)
        world.close_session(session)
    assert world.statuses(session) == {"Ada": "present", "Ben": "absent"}
    assert wiring.sessions().get(session).flagged is None
    assert wiring.sessions().flagged(wiring.sessions().get(session).course_id, 10, None).items == ()


def test_a_persons_records_are_found_by_a_query_oldest_session_first(world: World, session: str) -> None:
    course_id = wiring.sessions().get(session).course_id
    post(world, session, "Ada")
    end(world, session)
    second = world.open_session(course_id)
    world.mark(second, "Ada", Status.ABSENT)
    page = wiring.attendance().of_person(world.people["Ada"], 1, None)
    assert [record.session_id for record in page.items] == [session]
    rest = wiring.attendance().of_person(world.people["Ada"], 5, page.cursor)
    assert [(record.session_id, record.status) for record in rest.items] == [(second, Status.ABSENT)]


def test_a_lost_reply_doubles_no_line_and_undoes_nobody_elses_act(
    world: World, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """moto forgets the request token by which AWS would know the second try for the first."""
    call = BaseClient._make_api_call

    def reply_lost(client, operation, parameters):
        answer = call(client, operation, parameters)
        if operation != "TransactWriteItems":
            return answer
        monkeypatch.setattr(BaseClient, "_make_api_call", call)
        world.mark(session, "Ada", Status.LATE, by="per_other")
        return call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", reply_lost)
    world.mark(session, "Ada", Status.ABSENT)
    assert world.history(session, "Ada") == [("marked", "unseen", "absent"), ("marked", "absent", "late")]
    assert world.statuses(session)["Ada"] == "late"


@contextmanager
def one_call_at_a_time(refused: float) -> Iterator[None]:
    """moto is not made for threads; of the writes a share meets a transaction, as AWS would say and moto never does."""
    call, chance, lock = BaseClient._make_api_call, random.Random(7), Lock()

    def locked(client, operation, parameters):
        with lock:
            if operation == "TransactWriteItems" and chance.random() < refused:
                raise conflict(operation)
            return call(client, operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", locked):
        yield


@pytest.mark.parametrize(
    "students", [3, pytest.param(20, marks=pytest.mark.slow)], ids=["thirty marks", "two hundred marks"]
)
def test_of_marks_at_once_with_conflicts_none_is_lost(world: World, session: str, students: int) -> None:
    """Ten instructors mark the same person at once, and then the next. moto copies its tables for each write."""
    course_id = wiring.sessions().get(session).course_id
    names, instructors = [f"Student {number}" for number in range(students)], 10
    for name in names:
        world.add_person(name, course_id=course_id, consent=False)

    def mark(number: int) -> None:
        name, status = names[number // instructors], (Status.PRESENT, Status.ABSENT, Status.LATE)[number % 3]
        world.mark(session, name, status, by=f"per_{number % instructors}")

    with one_call_at_a_time(refused=0.3), ThreadPoolExecutor(instructors) as pool:
        list(pool.map(mark, range(students * instructors)))
    for name in names:
        changes = wiring.attendance().history(session, world.people[name])
        assert sorted(change.cause.by or "" for change in changes) == [f"per_{n}" for n in range(instructors)]
        assert [change.revision for change in changes] == list(range(1, instructors + 1))
        assert all(one.after is other.before for one, other in itertools.pairwise(changes))
        record = wiring.attendance().get(session, world.people[name])
        assert record.mark is not None
        assert (record.mark.by, record.status) == (changes[-1].cause.by, changes[-1].after)
