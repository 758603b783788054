"""Whatever write a process dies at, or is overtaken at, the event delivered again ends in the same register."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import time
from typing import Any
from unittest import mock

import pytest
from pynamodb.expressions.condition import Condition

from chalicelib import wiring
from chalicelib.adapters.dynamo.records import MarkRecord, PersonRecord, RegistrationRecord
from chalicelib.adapters.dynamo.transactions import Transaction
from chalicelib.domain.attendance import Status
from chalicelib.domain.sessions import Confirmation, SessionState
from chalicelib.domain.timetable import Slot
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.events.registrations import on_registration_uploaded
from chalicelib.services.plan_due_courses import plan_due_courses
from tests.support.crashes import Crash, crash_at, watched
from tests.support.fakes import clip, picture
from tests.support.world import World, new_world

Dump = dict[str, list[Any]]
Deliver = Callable[[], Any]


@contextmanager
def frames_to_come() -> Iterator[tuple[World, list[Deliver]]]:
    """Two frames of one session that tell of the same people at different times."""
    with new_world() as world:
        course_id = world.add_course()
        for name in ("Ada", "Ben", "Cem"):
            world.add_person(name, course_id=course_id)
            world.enrol(name)
        session_id = world.open_session(course_id)
        events = []
        for shown in (picture("Ada", "Ben", score=0.96), picture("Ben", "Cem", "Ada", score=0.98)):
            frame = world.post_frame(session_id, shown)
            events.append(world.event(frame.key))
            world.pass_time(seconds=90)
        yield world, [lambda event=event: on_frame_uploaded(event, None) for event in events]


@contextmanager
def registrations_to_come() -> Iterator[tuple[World, list[Deliver]]]:
    """Two registrations of one person who is on two rosters."""
    with new_world() as world:
        person_id = world.add_person("Ada")
        for name in ("Mathematics", "Music"):
            wiring.courses().put_on_roster(world.add_course(name), person_id)
        events = []
        for views in (2, 3):
            registration = world.upload_registration(person_id, clip("Ada", views=views))
            events.append(world.event(*registration.keys))
        yield world, [lambda event=event: on_registration_uploaded(event, None) for event in events]


@contextmanager
def refusals_to_come() -> Iterator[tuple[World, list[Deliver]]]:
    """Two registrations of people whose consent was withdrawn before they were read: to be forgotten."""
    with new_world() as world:
        events = []
        for name in ("Ada", "Ben"):
            person_id = world.add_person(name)
            registration = world.upload_registration(person_id, clip(name))
            events.append(world.event(*registration.keys))
            wiring.people().withdraw_consent(person_id, world.now)
        yield world, [lambda event=event: on_registration_uploaded(event, None) for event in events]


@contextmanager
def marks_to_come() -> Iterator[tuple[World, list[Deliver]]]:
    """Of one class, each of another student: confirmed and checked in; rejected and a mark taken back."""
    with new_world() as world:
        course_id = world.add_course(confirmation=Confirmation.REVIEW)
        for name in ("Ada", "Ben"):
            world.add_person(name, course_id=course_id)
            world.enrol(name)
        for name in ("Cem", "Dan"):
            world.add_person(name, course_id=course_id, consent=False)
        session_id = world.open_session(course_id)
        on_frame_uploaded(world.event(world.post_frame(session_id, picture("Ada", "Ben")).key), None)
        digits = world.issue_code(session_id)
        world.mark(session_id, "Cem", Status.EXCUSED, "ill")

        def first() -> dict[str, list[Any]]:
            world.confirm(session_id, "Ada")
            world.check_in(session_id, "Dan", digits)
            return {"batchItemFailures": []}

        def second() -> dict[str, list[Any]]:
            world.reject(session_id, "Ben")
            world.clear(session_id, "Cem")
            return {"batchItemFailures": []}

        yield world, [first, second]


@contextmanager
def plannings_to_come() -> Iterator[tuple[World, list[Deliver]]]:
    """A changed timetable: one session must go and another be made; two ticks find it due."""
    with new_world() as world:
        course_id = world.add_course()
        world.set_timetable(course_id, Slot(1, time(14), time(15)), days=6)
        with mock.patch("chalicelib.services.set_timetable.plan_sessions"):
            world.set_timetable(course_id, Slot(3, time(9), time(10)), days=6)

        def plan() -> dict[str, list[Any]]:
            plan_due_courses(
                world.now,
                days_ahead=6,
                courses=wiring.courses(),
                sessions=wiring.sessions(),
                timetables=wiring.timetables(),
            )
            return {"batchItemFailures": []}

        yield world, [plan, plan]


@contextmanager
def closings_to_come() -> Iterator[tuple[World, list[Deliver]]]:
    """A session with one student seen and two not, closed by hand twice."""
    with new_world() as world:
        course_id = world.add_course()
        for name in ("Ada", "Ben", "Cem"):
            world.add_person(name, course_id=course_id)
        world.enrol("Ada")
        session_id = world.open_session(course_id)
        on_frame_uploaded(world.event(world.post_frame(session_id, picture("Ada")).key), None)
        world.pass_time(minutes=5)

        def close() -> dict[str, list[Any]]:
            assert world.close_session(session_id).state is SessionState.CLOSED
            return {"batchItemFailures": []}

        yield world, [close, close]


Scene = Callable[[], Any]
SCENES = {
    "frame": frames_to_come,
    "registration": registrations_to_come,
    "refusal": refusals_to_come,
    "closing": closings_to_come,
    "marks": marks_to_come,
    "planning": plannings_to_come,
}
IN_ALL_ORDERS = [
    *("frame", "registration"),
    *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("refusal", "closing", "marks", "planning")),
]
LEAST_WRITES = {"frame": 7, "registration": 2, "refusal": 2, "closing": 4, "marks": 3, "planning": 3}


def what_is_left(world: World) -> Dump:
    """Every picture and item, but for counts of writes and for the order in which occasions were added.

    Of a history, who did what and what it led to: which frame was first depends on the order of events. Codes are
    random, and tries are counted each time.
    """
    dump = world.dump() | {"pictures": world.pictures()}
    dump["attendance"] = _without_order(dump["attendance"])
    dump["access"] = [item for item in dump["access"] if not item["id"]["S"].startswith("rate#")]
    for item in itertools.chain.from_iterable(items for table, items in dump.items() if table != "pictures"):
        for counter in ("revision", "version"):
            item.pop(counter, None)
        if "occasions" in item:
            item["occasions"] = sorted(json.loads(item["occasions"]["S"]), key=lambda o: o["registration_id"])
    return dump


def _without_order(items: list[Any]) -> list[Any]:
    for item in items:
        if item["sk"]["S"].startswith("history#"):
            item["sk"]["S"] = item["sk"]["S"].rpartition("#")[0]
            if item["act"]["S"] == "sighted":
                del item["at"], item["frame_id"]
    return sorted((item for item in items if item["sk"]["S"] != "code"), key=json.dumps)


def uncounted(dump: Dump) -> tuple[Dump, int]:
    """What is left but for tallies, and how many frames they count: of a frame that was cut off one may be missing."""
    tallies = [item for item in dump["attendance"] if item["sk"]["S"].startswith("tally#")]
    rest = [item for item in dump["attendance"] if item not in tallies]
    return {**dump, "attendance": rest}, sum(int(item["frames"]["N"]) for item in tallies)


def counters(world: World) -> list[str]:
    tables = world.dump("people", "courses", "attendance")
    return sorted(
        f"{name}={item[name]['N']}"
        for items in tables.values()
        for item in items
        for name in ("revision", "version")
        if name in item
    )


def undisturbed(scene: Scene) -> tuple[Dump, list[str], int]:
    """What is left after each event was handled once, and the number of writes of the first."""
    with scene() as (world, (first, second)):
        with watched() as writes:
            first()
        second()
        return what_is_left(world), counters(world), len(writes.names)


def crashed(scene: Scene, *, before: int = 0, after: int = 0) -> Dump:
    with scene() as (world, (first, second)):
        with pytest.raises(Crash), watched(crash_at(before), crash_at(after)):
            first()
        first()
        second()
        return what_is_left(world)


def overtaken(scene: Scene, n: int, *, by_itself: bool) -> tuple[Dump, list[str], int]:
    """Before its n-th write, the first delivery waits while another delivery is handled whole."""
    with scene() as (world, (first, second)):
        overtaking = first if by_itself else second
        running = False
        interrupted = 0

        def wait(number: int) -> None:
            nonlocal running, interrupted
            if number == n and not running:
                running, interrupted = True, interrupted + 1
                assert overtaking() == {"batchItemFailures": []}

        with watched(wait):
            assert first() == {"batchItemFailures": []}
        second()
        return what_is_left(world), counters(world), interrupted


@pytest.mark.parametrize("kind", SCENES)
def test_stopped_before_or_after_any_write_the_event_delivered_again_completes_it(kind: str) -> None:
    scene = SCENES[kind]
    everything, _, writes = undisturbed(scene)
    expected, frames = uncounted(everything)
    assert writes >= LEAST_WRITES[kind]
    interrupted = 0
    for n in range(1, writes + 1):
        for where in ("before", "after"):
            left, counted = uncounted(crashed(scene, **{where: n}))
            assert left == expected, f"stopped {where} write {n} of {writes}"
            assert max(frames - 1, 0) <= counted <= frames
            interrupted += 1
    assert interrupted == 2 * writes


@pytest.mark.parametrize("by_itself", [True, False], ids=["by the same event", "by another event"])
@pytest.mark.parametrize("kind", IN_ALL_ORDERS)
def test_overtaken_at_any_write_nothing_is_lost_or_done_twice(kind: str, by_itself: bool) -> None:
    scene = SCENES[kind]
    expected, expected_counters, writes = undisturbed(scene)
    for n in range(1, writes + 1):
        left, counted, interrupted = overtaken(scene, n, by_itself=by_itself)
        assert interrupted == 1
        assert left == expected, f"overtaken at write {n} of {writes}"
        if by_itself:
            assert counted == expected_counters, f"something was written twice at write {n} of {writes}"


@pytest.mark.parametrize("kind", IN_ALL_ORDERS)
def test_shuffled_and_doubled_delivery_ends_in_the_same_register(kind: str) -> None:
    scene = SCENES[kind]
    expected, _, _ = undisturbed(scene)
    for order in sorted(set(itertools.permutations([0, 0, 1, 1]))):
        with scene() as (world, deliveries):
            for index in order:
                deliveries[index]()
            assert what_is_left(world) == expected, order


CONDITIONS = {
    "the attendance record's revision": ("frame", "put", MarkRecord),
    "the person's revision": ("registration", "update", PersonRecord),
    "the registration's being open": ("registration", "update", RegistrationRecord),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_taken_away_is_noticed(condition: str) -> None:
    """A check that cannot go red is worth nothing: take each condition away and see it."""
    kind, method, guarded = CONDITIONS[condition]
    scene = SCENES[kind]
    expected, expected_counters, writes = undisturbed(scene)
    write = getattr(Transaction, method)

    def unguarded(self: Any, record: Any, *rest: Any) -> None:
        write(
            self,
            record,
            *(None if isinstance(record, guarded) and _is_condition(item) else item for item in rest),
        )

    def shows(n: int, by_itself: bool) -> bool:
        left, counted, _ = overtaken(scene, n, by_itself=by_itself)
        return left != expected or (by_itself and counted != expected_counters)

    with mock.patch.object(Transaction, method, unguarded):
        assert any(shows(*each) for each in itertools.product(range(1, writes + 1), (True, False)))


def _is_condition(argument: Any) -> bool:
    return isinstance(argument, Condition)
