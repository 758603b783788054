"""The register under everything at once: frames, humans, claims, closings, in any order, twice, half, and with faults.

A plain model knows what was acknowledged. Whatever happened, there is one record a person and session, a human's word
stands above the machine's, every change of status is a line of history, and status follows from the stored facts.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from unittest import mock

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pynamodb.exceptions import PynamoDBException

from chalicelib import wiring
from chalicelib.domain.attendance import AttendanceRecord, Status
from chalicelib.domain.claims import Claim, ClaimState
from chalicelib.domain.errors import Contention, RollcallError
from chalicelib.domain.history import Act
from chalicelib.domain.sessions import Confirmation, SessionState
from chalicelib.domain.sightings import Decision
from chalicelib.events.claims import on_claim_made
from chalicelib.events.frames import on_frame_uploaded
from tests.support.crashes import Crash
from tests.support.fakes import picture
from tests.support.faults import Fault, befalling
from tests.support.world import World, claim_event

NAMES = ("Ada", "Ben", "Cem")
NOT_MARKED, CONFIRMED = "not marked", "confirmed"

names = st.sampled_from(NAMES)
kinds = st.sampled_from(("auto", "review"))
marks = st.sampled_from((Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED))
faults = st.none() | st.tuples(st.sampled_from(Fault), st.integers(1, 6))

Key = tuple[str, str]


@dataclass
class Shown:
    """A frame that was posted. `at`: when; `accepted`: whom it shows beyond doubt."""

    key: str
    frame_id: str
    session_id: str
    at: datetime
    accepted: tuple[str, ...]
    claimable: str | None


@dataclass
class Facts:
    """What is known of one record: which human words may be the last, and how many marks were written."""

    last_words: set[str] = field(default_factory=lambda: {NOT_MARKED})
    marked: int = 0
    maybe_marked: int = 0


class RegisterMachine(RuleBasedStateMachine):
    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        world = self.world
        world.begin_anew()
        course_id = world.add_course()
        for name in NAMES:
            world.add_person(name, course_id=course_id)
            world.enrol(name)
        review = world.add_course(confirmation=Confirmation.REVIEW)
        for name in NAMES:
            wiring.courses().put_on_roster(review, world.people[name])
        self.sessions = {"auto": world.open_session(course_id), "review": world.open_session(review)}
        self.code = world.issue_code(self.sessions["auto"])
        self.frames: list[Shown] = []
        self.undelivered: list[Shown] = []
        self.claims: list[tuple[Claim, str, bool]] = []
        self.unsettled: list[Claim] = []
        self.facts: dict[Key, Facts] = {
            (session_id, name): Facts() for session_id in self.sessions.values() for name in NAMES
        }
        self.checked_in: dict[str, list[datetime]] = {name: [] for name in NAMES}
        self.frozen: dict[str, dict[str, Any]] = {}

    # --- what happens

    @rule(kind=kinds, face=names, decision=st.sampled_from((Decision.ACCEPTED, Decision.REVIEW)))
    def post_a_frame(self, kind: str, face: str, decision: Decision) -> None:
        self._post(kind, (face,), {}, decision)

    @rule(kind=kinds, really=names)
    def post_a_face_that_nobody_knows(self, kind: str, really: str) -> None:
        self._post(kind, ("somebody",), {"somebody": really}, Decision.ACCEPTED)

    def _post(self, kind: str, faces: tuple[str, ...], really: dict[str, str], decision: Decision) -> None:
        self.world.pass_time(seconds=1)
        session_id = self.sessions[kind]
        try:
            frame = self.world.post_frame(session_id, picture(*faces, decision=decision, really=really))
        except RollcallError:
            return  # it is over
        accepted = faces if decision is Decision.ACCEPTED and not really else ()
        shown = Shown(
            frame.key, frame.frame_id, session_id, self.world.now, accepted, next(iter(really.values()), None)
        )
        self.frames.append(shown)
        self.undelivered.append(shown)

    @precondition(lambda self: self.undelivered)
    @rule(data=st.data(), fault=faults)
    def deliver_a_frame(self, data: st.DataObject, fault: tuple[Fault, int] | None) -> None:
        shown = data.draw(st.sampled_from(self.undelivered))
        if self._handled(on_frame_uploaded, self.world.event(shown.key), fault):
            self.undelivered.remove(shown)

    @precondition(lambda self: self.frames)
    @rule(data=st.data())
    def deliver_a_frame_again(self, data: st.DataObject) -> None:
        shown = data.draw(st.sampled_from(self.frames))
        if self._handled(on_frame_uploaded, self.world.event(shown.key), None) and shown in self.undelivered:
            self.undelivered.remove(shown)

    @rule(kind=kinds, name=names, status=marks, fault=faults)
    def mark_by_hand(self, kind: str, name: str, status: Status, fault: tuple[Fault, int] | None) -> None:
        session_id = self.sessions[kind]
        facts = self.facts[session_id, name]
        done = self._tried(lambda: self.world.mark(session_id, name, status, "because"), fault)
        if done is None:
            return
        facts.last_words = {status.value} if done else facts.last_words | {status.value}
        facts.marked, facts.maybe_marked = facts.marked + done, facts.maybe_marked + (not done)

    @rule(kind=kinds, name=names, fault=faults)
    def clear_the_mark(self, kind: str, name: str, fault: tuple[Fault, int] | None) -> None:
        session_id = self.sessions[kind]
        facts = self.facts[session_id, name]
        done = self._tried(lambda: self.world.clear(session_id, name), fault)
        if done is not None:
            facts.last_words = {NOT_MARKED} if done else facts.last_words | {NOT_MARKED}

    @rule(kind=kinds, some=st.sets(names), fault=faults)
    def confirm(self, kind: str, some: set[str], fault: tuple[Fault, int] | None) -> None:
        session_id = self.sessions[kind]
        confirmed: list[str] = []
        done = self._tried(lambda: confirmed.extend(self.world.confirm(session_id, *sorted(some))), fault)
        for name in NAMES:
            facts = self.facts[session_id, name]
            if done and self.world.people[name] in confirmed:
                facts.last_words = {CONFIRMED}
            elif done is False and (not some or name in some):
                facts.last_words = facts.last_words | {CONFIRMED}

    @rule(kind=kinds, name=names, fault=faults)
    def reject(self, kind: str, name: str, fault: tuple[Fault, int] | None) -> None:
        session_id = self.sessions[kind]
        facts = self.facts[session_id, name]
        done = self._tried(lambda: self.world.reject(session_id, name), fault)
        if done is not None and CONFIRMED in facts.last_words:
            facts.last_words = facts.last_words | {NOT_MARKED}

    @rule(name=names, fault=faults)
    def check_in(self, name: str, fault: tuple[Fault, int] | None) -> None:
        if self._tried(lambda: self.world.check_in(self.sessions["auto"], name, self.code), fault):
            self.checked_in[name].append(self.world.now)

    @precondition(lambda self: any(shown.claimable for shown in self.frames))
    @rule(data=st.data(), name=names, fault=faults)
    def claim(self, data: st.DataObject, name: str, fault: tuple[Fault, int] | None) -> None:
        shown = data.draw(st.sampled_from([shown for shown in self.frames if shown.claimable]))
        made: list[Claim] = []
        if self._tried(lambda: made.append(self.world.claim(shown.frame_id, name)), fault):
            self.claims.append((made[0], name, shown.claimable == name))
            self.unsettled.append(made[0])

    @precondition(lambda self: self.unsettled)
    @rule(data=st.data(), fault=faults)
    def settle_a_claim(self, data: st.DataObject, fault: tuple[Fault, int] | None) -> None:
        claim = data.draw(st.sampled_from(self.unsettled))
        if self._handled(on_claim_made, claim_event(claim), fault):
            self.unsettled.remove(claim)

    @rule(kind=kinds, fault=faults)
    def close(self, kind: str, fault: tuple[Fault, int] | None) -> None:
        self._tried(lambda: self.world.close_session(self.sessions[kind]), fault)

    @rule(minutes=st.integers(1, 25), fault=faults)
    def time_passes(self, minutes: int, fault: tuple[Fault, int] | None) -> None:
        self.world.pass_time(minutes=minutes)
        self._tried(self.world.tick, fault)

    @rule(name=names)
    def withdraw_consent(self, name: str) -> None:
        self.world.withdraw_consent(self.world.people[name])
        for session_id in self.sessions.values():
            self.frozen.setdefault(name, {}).setdefault(
                session_id, _seen_by_machines(self._record(session_id, name))
            )

    # --- what must hold

    @invariant()
    def a_human_stands_above_machines(self) -> None:
        for (session_id, name), facts in self.facts.items():
            record = self._record(session_id, name)
            word = NOT_MARKED
            if record.mark is not None:
                word = CONFIRMED if record.mark.status is None else record.mark.status.value
                assert record.status.value == word or word == CONFIRMED
            assert word in facts.last_words, (name, word, facts.last_words)

    @invariant()
    def who_withdrew_is_not_seen_again(self) -> None:
        for name, by_session in self.frozen.items():
            for session_id, seen in by_session.items():
                assert _seen_by_machines(self._record(session_id, name)) == seen, name

    @invariant()
    def every_change_is_a_line_of_history(self) -> None:
        for (session_id, name), facts in self.facts.items():
            record, status = self._record(session_id, name), Status.UNSEEN
            history = wiring.attendance().history(session_id, self.world.people[name])
            revisions = [change.revision for change in history]
            assert revisions == sorted(set(revisions)), revisions
            for change in history:
                assert change.before is status, (name, history)
                status = change.after
            assert status is record.status, (name, history, record)
            assert not revisions or revisions[-1] <= record.revision
            written = Counter(change.cause.act for change in history)[Act.MARKED]
            assert facts.marked <= written <= facts.marked + facts.maybe_marked, (name, written, facts)

    def teardown(self) -> None:
        """Everything is delivered in the end, and then the register is what the facts say."""
        self._deliver_the_rest()
        self.world.pass_time(hours=3)
        for _ in range(2):
            self.world.tick()
        self.a_human_stands_above_machines()
        self.who_withdrew_is_not_seen_again()
        self.every_change_is_a_line_of_history()
        for session_id in self.sessions.values():
            assert wiring.sessions().get(session_id).state is SessionState.CLOSED
        for claim, _, own in self.claims:
            settled = wiring.claims().get(claim.session_id, claim.claim_id)
            assert settled.state in (ClaimState.ACCEPTED, ClaimState.REFUSED)
            assert own or settled.state is ClaimState.REFUSED
        self._compare_with_the_facts()
        before = self.world.dump()
        self.undelivered, self.unsettled = list(self.frames), [claim for claim, _, _ in self.claims]
        self._deliver_the_rest()
        assert self.world.dump() == before

    def _deliver_the_rest(self) -> None:
        for shown in self.undelivered:
            assert self._handled(on_frame_uploaded, self.world.event(shown.key), None)
        for claim in self.unsettled:
            assert self._handled(on_claim_made, claim_event(claim), None)
        self.undelivered, self.unsettled = [], []

    def _compare_with_the_facts(self) -> None:
        items = self.world.dump("attendance")["attendance"]
        for kind, session_id in self.sessions.items():
            listed = self.world.register(session_id)
            keys = [
                item["sk"]["S"]
                for item in items
                if item["session_id"]["S"] == session_id and item["sk"]["S"].startswith("attendance#")
            ]
            assert len(keys) == len(set(keys))
            for name in NAMES:
                record = self._record(session_id, name)
                assert listed[name].record.status is record.status is _status(record), name
                if name in self.frozen:
                    continue
                seen = [
                    each.at for each in self.frames if each.session_id == session_id and name in each.accepted
                ]
                seen += self._claimed(session_id, name)
                assert record.first_seen == (min(seen, default=None) if kind == "auto" else None), name

    def _claimed(self, session_id: str, name: str) -> list[datetime]:
        """When the frames were taken in which the person's claim was accepted."""
        taken = {shown.frame_id: shown.at for shown in self.frames}
        return [
            taken[claim.frame_id]
            for claim, by, _ in self.claims
            if claim.session_id == session_id
            and by == name
            and wiring.claims().get(session_id, claim.claim_id).state is ClaimState.ACCEPTED
        ]

    def _record(self, session_id: str, name: str) -> AttendanceRecord:
        return wiring.attendance().get(session_id, self.world.people[name])

    def _handled(self, handler: Any, event: Any, fault: tuple[Fault, int] | None) -> bool:
        """Whether the message need not come again."""
        answers: list[Any] = []
        done = self._tried(lambda: answers.append(handler(event, None)), fault)
        return bool(done) and answers == [{"batchItemFailures": []}]

    def _tried(self, act: Callable[[], Any], fault: tuple[Fault, int] | None) -> bool | None:
        """True: done. None: refused, and nothing was done. False: a fault; perhaps it was done, perhaps not."""
        self.world.pass_time(seconds=1)
        try:
            if fault is None:
                act()
            else:
                with befalling(*fault):
                    act()
        except (Crash, Contention, ClientError, PynamoDBException, ExceptionGroup):
            assert fault is not None
            return False
        except RollcallError:
            return None
        return True


def _seen_by_machines(record: AttendanceRecord) -> Any:
    return record.first_seen, record.last_seen, record.evidence, record.proposals


def _status(record: AttendanceRecord) -> Status:
    """Said once more in other words than the domain's."""
    if record.mark and record.mark.status:
        return record.mark.status
    times = [record.first_seen, record.checked_in_at, record.mark.seen_at if record.mark else None]
    there = sorted(time for time in times if time)
    if there:
        return Status.PRESENT if record.late_after is None or there[0] < record.late_after else Status.LATE
    return Status.ABSENT if record.closed_at and record.watched else Status.UNSEEN


def hold(deployment: World, *, examples: int, steps: int, derandomize: bool) -> None:
    RegisterMachine.world = deployment
    with mock.patch("time.sleep"):
        run_state_machine_as_test(
            RegisterMachine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                derandomize=derandomize,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_the_register_holds_whatever_happens(deployment: World) -> None:
    hold(deployment, examples=6, steps=25, derandomize=True)


@pytest.mark.slow
def test_the_register_holds_whatever_happens_for_longer(deployment: World) -> None:
    hold(deployment, examples=60, steps=50, derandomize=False)
