"""Two sessions, three students, and anything that may happen, in any order, disturbed anyhow: what must hold holds."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime
from typing import Any, ClassVar
from unittest import mock

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from pynamodb.exceptions import PynamoDBException

from chalicelib import wiring
from chalicelib.adapters.dynamo.lifetimes import Lifetime
from chalicelib.adapters.dynamo.sessions import DynamoSessions
from chalicelib.domain.attendance import (
    AttendanceRecord,
    Mark,
    Status,
    confirmation_of,
    proposal_rejected,
)
from chalicelib.domain.claims import ClaimState
from chalicelib.domain.errors import RollcallError
from chalicelib.domain.frames import Frame
from chalicelib.domain.history import Act
from chalicelib.domain.sessions import Confirmation
from chalicelib.domain.sightings import Decision
from chalicelib.events.claims import on_claim_made
from chalicelib.events.frames import on_frame_uploaded
from tests.support.fakes import picture
from tests.support.faults import FAILURES, Fault, fault, overtaken
from tests.support.world import World, claim_event

NAMES = ("Ada", "Ben", "Cem")
BY_HUMANS = (Act.MARKED, Act.CLEARED, Act.CONFIRMED, Act.REJECTED, Act.CHECKED_IN)
JSON = ("mark", "evidence", "proposals", "rejected", "refused_claim")
FROM_FACES = ("first_seen", "last_seen", "evidence", "proposals", "refused_claim")
UNSUCCESSFUL = (*FAILURES, PynamoDBException, RollcallError, ExceptionGroup)

Key = tuple[str, str]  # the session and the person's name
Item = dict[str, Any]
School = tuple[dict[str, list[Any]], dict[str, str], int, list[str]]  # items, people, the next id, sessions
Disturbance = tuple[Fault | str, int] | None

wheres = st.integers(0, 1)
names = st.sampled_from(NAMES)
picks = st.integers(0, 30)
some_names = st.lists(names, min_size=1, max_size=3, unique=True)
faults = st.none() | st.tuples(st.sampled_from(Fault), st.integers(1, 4))
overtakings = st.tuples(st.just("overtaken"), st.sampled_from((1, 1, 2, 3)))
disturbances = faults | overtakings
looks = st.fixed_dictionaries(
    {
        "decision": st.sampled_from((Decision.ACCEPTED, Decision.ACCEPTED, Decision.REVIEW)),
        "score": st.sampled_from((0.93, 0.96, 0.98)),
    }
)
marks = st.sampled_from((Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED))


class Register(RuleBasedStateMachine):
    """Knows of each record what a human said last, and how many lines of history human acts have earned it."""

    world: ClassVar[World]
    school: ClassVar[School]

    @initialize()
    def a_school(self) -> None:
        self.sound = False
        self.world.begin_anew()
        dump, self.world.people, number, self.sessions = self.school
        self.world.restore(dump)
        self.world.people, self.world.numbers = dict(self.world.people), itertools.count(number)
        self.frames: list[Frame] = []
        self.said: dict[Key, Mark | None] = {}
        self.lines: Counter[tuple[Key, Act]] = Counter()
        self.told: dict[Key, Item] = {}
        self.withdrawn: dict[str, list[Item]] = {}
        self.ever_withdrawn: set[str] = set()
        self.marks = 0
        self.codes: dict[str, str] = {}
        for session_id in self.sessions:  # so that there is something to act upon from the start
            shot = picture("Ada", "Ben", score=0.96, really={"Ben": "Cem"})
            self.frames.append(self.world.post_frame(session_id, shot))
            on_frame_uploaded(self.world.event(self.frames[-1].key), None)

    # What machines do

    @rule(
        where=wheres,
        shown=some_names,
        look=looks,
        at_once=st.booleans(),
        pick=picks,
        disturbance=disturbances,
    )
    def post(
        self, where: int, shown: list[str], look: Item, at_once: bool, pick: int, disturbance: Disturbance
    ) -> None:
        """The first face may be really the next student's, who may claim it."""
        really = {shown[0]: NAMES[(NAMES.index(shown[0]) + pick) % 3]}
        with suppress(RollcallError):
            shot = picture(*shown, **look, really=really)
            self.frames.append(self.world.post_frame(self.sessions[where], shot))
            if at_once:
                self._deliver(self.frames[-1], pick, disturbance)

    @rule(pick=picks, disturbance=disturbances)
    def deliver(self, pick: int, disturbance: Disturbance) -> None:
        """Whether it was delivered before or not."""
        if self.frames:
            self._deliver(self.frames[pick % len(self.frames)], pick, disturbance)

    @rule(where=wheres, pick=picks, disturbance=disturbances)
    def settle_claim(self, where: int, pick: int, disturbance: Disturbance) -> None:
        if claims := self._claims(self.sessions[where]):
            claim = claims[pick % len(claims)]
            with (
                suppress(*UNSUCCESSFUL),
                self._disturbed(disturbance, self._other_mark(claim.session_id, pick)),
            ):
                on_claim_made(claim_event(claim), None)

    @rule(disturbance=disturbances, pick=picks)
    def tick(self, disturbance: Disturbance, pick: int) -> None:
        other = self._other_mark(self.sessions[pick % 2], pick)
        with suppress(*UNSUCCESSFUL), self._disturbed(disturbance, other):
            self.world.tick()

    @rule(minutes=st.sampled_from((1, 4, 11)))
    def pass_time(self, minutes: int) -> None:
        self.world.pass_time(minutes=minutes)

    # What humans do

    @rule(where=wheres, name=names, status=marks, disturbance=disturbances)
    def mark(self, where: int, name: str, status: Status, disturbance: Disturbance) -> None:
        self._mark((self.sessions[where], name), status, disturbance)

    @rule(where=wheres, name=names, disturbance=disturbances)
    def clear(self, where: int, name: str, disturbance: Disturbance) -> None:
        key = self.sessions[where], name
        intended = {key: None} if self.said.get(key) is not None else {}
        self._act(key[0], Act.CLEARED, intended, lambda: self.world.clear(*key), disturbance)

    @rule(where=wheres, who=st.just(()) | some_names.map(tuple), disturbance=disturbances)
    def confirm(self, where: int, who: tuple[str, ...], disturbance: Disturbance) -> None:
        """Without names, all."""
        session_id = self.sessions[where]
        intended = {
            (session_id, name): confirmation_of(record, "per_teacher", self.world.now)
            for name, record in self._records(session_id, who or NAMES)
            if record.awaits_confirmation
        }
        self._act(
            session_id, Act.CONFIRMED, intended, lambda: self.world.confirm(session_id, *who), disturbance
        )

    @rule(where=wheres, who=some_names, disturbance=disturbances)
    def reject(self, where: int, who: list[str], disturbance: Disturbance) -> None:
        session_id = self.sessions[where]
        intended = {
            (session_id, name): proposal_rejected(record, record.proposal).mark
            for name, record in self._records(session_id, who)
            if record.proposal is not None
        }
        self._act(
            session_id, Act.REJECTED, intended, lambda: self.world.reject(session_id, *who), disturbance
        )

    @rule(where=wheres, name=names, again=st.booleans(), disturbance=disturbances)
    def check_in(self, where: int, name: str, again: bool, disturbance: Disturbance) -> None:
        """With the code that was shown before, or with a new one."""
        key = self.sessions[where], name
        if not (again and key[0] in self.codes):
            with suppress(RollcallError):
                self.codes[key[0]] = self.world.issue_code(key[0])
        there = "checked_in_at" in self.told.get(key, {})
        intended = {} if there else {key: self.said.get(key)}
        digits = self.codes.get(key[0], "000000")
        self._act(key[0], Act.CHECKED_IN, intended, lambda: self.world.check_in(*key, digits), disturbance)

    @rule(pick=picks, face=st.integers(0, 2), name=names, disturbance=faults)
    def claim(self, pick: int, face: int, name: str, disturbance: Disturbance) -> None:
        if self.frames:
            frame = self.frames[pick % len(self.frames)]
            with suppress(*UNSUCCESSFUL), self._disturbed(disturbance):
                self.world.claim(frame.frame_id, name, face)

    @rule(where=wheres, disturbance=disturbances, pick=picks)
    def close(self, where: int, disturbance: Disturbance, pick: int) -> None:
        other = self._other_mark(self.sessions[where], pick)
        with suppress(*UNSUCCESSFUL), self._disturbed(disturbance, other):
            self.world.close_session(self.sessions[where])

    @rule(name=names, disturbance=faults)
    def withdraw(self, name: str, disturbance: Disturbance) -> None:
        """Until it is acknowledged."""
        person_id = self.world.people[name]
        with suppress(*UNSUCCESSFUL), self._disturbed(disturbance):
            self.world.withdraw_consent(person_id)
        self.world.withdraw_consent(person_id)
        self.ever_withdrawn.add(name)
        self._look()
        self.withdrawn[name] = self._facts_from_faces(name)

    @rule(name=names)
    def give_again(self, name: str) -> None:
        if self.withdrawn.pop(name, None) is not None:
            self.world.give_consent(self.world.people[name])
            self.world.enrol(name)

    # What holds

    @invariant()
    def what_humans_said_stands(self) -> None:
        self.sound = False
        self._look()
        for session_id in self.sessions:
            for name in NAMES:
                self._check_record((session_id, name))
        for name, facts in self.withdrawn.items():
            assert self._facts_from_faces(name) == facts, f"{name} was seen after withdrawing"
        self.sound = True

    def teardown(self) -> None:
        """Everything arrives at last, undisturbed; then once more."""
        if not getattr(self, "sound", False):
            return
        self._deliver_all()
        self.world.pass_time(minutes=60)
        self.world.tick()
        self.what_humans_said_stands()
        self._check_end()
        before = self.world.dump("attendance", "frames", "people", "courses", "templates")
        self._deliver_all()
        self.world.tick()
        assert self.world.dump(*before) == before, "delivered once more, something changed"

    def _check_record(self, key: Key) -> None:
        item = self.told.get(key, {})
        record = wiring.attendance().get(key[0], self.world.people[key[1]])
        assert record.mark == self.said.get(key), f"{key}: the human's word does not stand"
        assert record.status == status_by_facts(item, self.late_after[key[0]])
        changes = self.histories.get(key, [])
        for act in BY_HUMANS:
            written = sum(change["act"] == act for change in changes)
            assert written == self.lines[key, act], f"{key}: {written} lines say {act}"
        by_claims = Counter(
            (change["act"], change["frame_id"]) for change in changes if change["act"] in OF_CLAIMS
        )
        assert all(number <= FACES_OF_ONE[act] for (act, _), number in by_claims.items())
        status = Status.UNSEEN.value
        for change in changes:
            assert change["before"] == status, f"{key}: there is a gap before {change}"
            status = change["after"]
        assert status == record.status.value, f"{key}: the history does not lead to the record"
        assert all(change["revision"] <= record.revision for change in changes)

    def _check_end(self) -> None:
        for session_id in self.sessions:
            assert not wiring.frames().any_outstanding(session_id)
            assert wiring.sessions().get(session_id).state == "closed"
            assert {claim.state for claim in self._claims(session_id)} <= {
                ClaimState.ACCEPTED,
                ClaimState.REFUSED,
            }
            facts = {
                name: status_by_facts(self.told.get((session_id, name), {}), self.late_after[session_id])
                for name in NAMES
            }
            assert self.world.statuses(session_id) == facts
            self._check_seen(session_id)

    def _check_seen(self, session_id: str) -> None:
        """Of who never withdrew, no frame was lost, whatever overtook or broke off its merge."""
        read = [
            wiring.frames().get(frame.frame_id) for frame in self.frames if frame.session_id == session_id
        ]
        watched = any(frame.result is not None and frame.result.shows_something for frame in read)
        for name in NAMES:
            item = self.told[session_id, name]
            there = {"first_seen", "checked_in_at"} & item.keys()
            assert there or (bool(item["watched"]) is watched and "closed_at" in item)
            seen = [
                (sighting, frame.received_at)
                for frame in read
                for sighting in (() if frame.result is None else frame.result.sightings)
                if sighting.candidate == self.world.people[name]
            ]
            if name not in self.ever_withdrawn:
                self._check_sightings(item, seen, auto=session_id == self.sessions[0])

    def _check_sightings(self, item: Item, seen: list[Any], *, auto: bool) -> None:
        accepted = [at for sighting, at in seen if sighting.decision is Decision.ACCEPTED]
        if accepted:
            assert moment(item["last_seen"]) >= max(accepted).replace(second=0, microsecond=0)
        if accepted and auto:
            assert moment(item["first_seen"]) <= min(accepted)
        proposed = [
            sighting.score for sighting, _ in seen if not auto or sighting.decision is Decision.REVIEW
        ]
        if proposed:
            assert max(float(each["evidence"]["score"]) for each in item["proposals"]) >= max(proposed)

    # How it is done

    def _act(
        self,
        session_id: str,
        act: Act,
        intended: dict[Key, Mark | None],
        do: Callable[[], Any],
        disturbance: Disturbance = None,
    ) -> None:
        """Acknowledged, every intended record has one line more; else some have, and only those were changed."""
        self.sound = False
        acknowledged = False
        with suppress(*UNSUCCESSFUL), self._disturbed(disturbance, self._other_frame(session_id)):
            do()
            acknowledged = True
        self._look()
        for key, mark in intended.items():
            lines = sum(change["act"] == act for change in self.histories.get(key, ()))
            written = lines - self.lines[key, act]
            assert written == 1 if acknowledged else written in (0, 1), (
                f"{key}: {written} new lines say {act}"
            )
            if written:
                self.lines[key, act] += 1
                self.said[key] = mark

    def _mark(self, key: Key, status: Status, disturbance: Disturbance = None) -> None:
        self.marks += 1
        reason = f"mark {self.marks}"
        mark = Mark(by="per_teacher", at=self.world.now, status=status, reason=reason)
        self._act(key[0], Act.MARKED, {key: mark}, lambda: self.world.mark(*key, status, reason), disturbance)

    def _other_mark(self, session_id: str, pick: int) -> Callable[[], None]:
        def mark() -> None:
            for name in NAMES:
                self._mark((session_id, name), (Status.LATE, Status.ABSENT)[pick % 2])

        return mark

    def _other_frame(self, session_id: str) -> Callable[[], None]:
        """A better one than those before, so that it always changes something."""

        def see() -> None:
            with suppress(RollcallError):
                self.frames.append(self.world.post_frame(session_id, picture(*NAMES, score=0.99)))
                on_frame_uploaded(self.world.event(self.frames[-1].key), None)

        return see

    def _disturbed(
        self, disturbance: Disturbance, other: Callable[[], None] = lambda: None
    ) -> AbstractContextManager[None]:
        self.sound = False
        if disturbance is None:
            return nullcontext()
        kind, n = disturbance
        return fault(kind, n) if isinstance(kind, Fault) else overtaken(n, other)

    def _deliver(self, frame: Frame, pick: int, disturbance: Disturbance) -> None:
        other = self._other_mark(frame.session_id, pick)
        with suppress(*UNSUCCESSFUL), self._disturbed(disturbance, other):
            on_frame_uploaded(self.world.event(frame.key), None)

    def _deliver_all(self) -> None:
        for frame in self.frames:
            assert on_frame_uploaded(self.world.event(frame.key), None) == {"batchItemFailures": []}
        for session_id in self.sessions:
            for claim in self._claims(session_id):
                assert on_claim_made(claim_event(claim), None) == {"batchItemFailures": []}

    def _claims(self, session_id: str) -> Collection[Any]:
        return wiring.claims().of_session(session_id, 100, None).items

    def _records(self, session_id: str, who: Collection[str]) -> list[tuple[str, AttendanceRecord]]:
        return [(name, wiring.attendance().get(session_id, self.world.people[name])) for name in who]

    def _facts_from_faces(self, name: str) -> list[Item]:
        items = [self.told.get((session_id, name), {}) for session_id in self.sessions]
        return [{fact: item.get(fact) for fact in FROM_FACES} for item in items]

    def _look(self) -> None:
        """Read the whole table, as it is stored."""
        name_of = {person_id: name for name, person_id in self.world.people.items()}
        self.told, self.histories, self.late_after = {}, {}, {}
        for stored in self.world.dump("attendance")["attendance"]:
            item = {name: TypeDeserializer().deserialize(value) for name, value in stored.items()}
            item |= {name: json.loads(item[name]) for name in JSON if name in item}
            kind, *rest = item["sk"].split("#")
            if kind == "session":
                self.late_after[item["session_id"]] = moment(item["late_after"])
            elif kind == "attendance":
                assert self.told.setdefault((item["session_id"], name_of[rest[0]]), item) is item
            elif kind == "history":
                lines = self.histories.setdefault((item["session_id"], name_of[rest[0]]), [])
                lines.append(item | {"revision": int(rest[1])})
        for lines in self.histories.values():
            lines.sort(key=lambda line: line["revision"])


OF_CLAIMS = (Act.CLAIMED, Act.CLAIM_REFUSED, Act.CONTESTED)
FACES_OF_ONE = {Act.CLAIMED: 1, Act.CLAIM_REFUSED: 1, Act.CONTESTED: 1}
"""How many lines one frame can earn somebody."""


def status_by_facts(item: Item, late_after: datetime) -> str:
    """The status as the design tells it, from what is stored."""
    mark = item.get("mark") or {}
    if mark.get("status") is not None:
        return str(mark["status"])
    stored = (item.get("first_seen"), item.get("checked_in_at"), mark.get("seen_at"))
    times = [moment(each) for each in stored if each is not None]
    if times:
        return "late" if min(times) >= late_after else "present"
    return "absent" if item.get("closed_at") and item.get("watched") else "unseen"


def moment(stored: str) -> datetime:
    return datetime.fromisoformat(stored)


def school(world: World) -> School:
    """One course whose sightings count at once, and one where a human confirms them; three students on both."""
    world.begin_anew()
    courses = [world.add_course(confirmation=each) for each in Confirmation]
    for name in NAMES:
        person_id = world.add_person(name)
        for course_id in courses:
            wiring.courses().put_on_roster(course_id, person_id)
        world.enrol(name)
    sessions = [world.open_session(course_id, minutes=40) for course_id in courses]
    return world.dump(), world.people, next(world.numbers), sessions


def play(world: World, runs: int, steps: int, *, derandomized: bool) -> None:
    machine = type("Played", (Register,), {"world": world, "school": school(world)})
    profile = settings(
        max_examples=runs,
        stateful_step_count=steps,
        derandomize=derandomized,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    sessions = DynamoSessions(4, Lifetime(world.clock, wiring.settings().session_days))
    with mock.patch("time.sleep"), mock.patch.object(wiring, "sessions", return_value=sessions):
        run_state_machine_as_test(machine, settings=profile)


def test_whatever_happens_in_whatever_order_the_register_is_right(deployment: World) -> None:
    play(deployment, runs=5, steps=40, derandomized=True)


@pytest.mark.slow
def test_and_for_long(deployment: World) -> None:
    play(deployment, runs=60, steps=40, derandomized=False)
