"""The register's rules: whatever order facts arrive in, however often, the record is the same."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.attendance import (
    AttendanceRecord,
    Evidence,
    Mark,
    Status,
    checked_in,
    confirmation_of,
    mark_cleared,
    marked,
    proposal_rejected,
    session_closed,
    sighted,
)
from chalicelib.domain.claims import claim_refused, contested
from chalicelib.domain.sightings import Box, Decision

BLANK = AttendanceRecord("ses_1", "per_1")
START = datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC)
LATE = START + timedelta(minutes=5)
AWAITED = replace(BLANK, starts_at=START, late_after=LATE)


def evidence(frame_id: str = "frm_1", score: float = 0.97, threshold: float = 0.95) -> Evidence:
    return Evidence(
        frame_id=frame_id,
        model_id="model",
        box=Box(0, 0, 10, 10),
        similarity=0.97,
        score=score,
        margin=0.1,
        threshold=threshold,
        confidence=0.9,
    )


SECONDS = st.integers(0, 15).map(lambda number: number * 40)  # often the same moment
FIGURES = st.sampled_from(
    [(0.95, 0.95), (0.96, 0.95), (0.97, 0.95), (0.31, 0.30), (0.33, 0.30), (0.94, 0.95)]
)
FRAMES = st.sampled_from(["frm_1", "frm_2", "frm_3"])

Fact = Callable[[AttendanceRecord], AttendanceRecord]


def moment(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def sightings(only_propose: bool) -> st.SearchStrategy[Fact]:
    def see(decision: Decision, seconds: int, frame_id: str, figures: tuple[float, float]) -> Fact:
        seen = evidence(frame_id, *figures)
        return lambda record: sighted(record, decision, seen, moment(seconds), only_propose=only_propose)

    return st.builds(see, st.sampled_from(Decision), SECONDS, FRAMES, FIGURES)


def closings() -> st.SearchStrategy[Fact]:
    def close(seconds: int, watched: bool) -> Fact:
        return lambda record: session_closed(record, moment(seconds), watched=watched)

    return st.builds(close, SECONDS, st.booleans())


def check_ins() -> st.SearchStrategy[Fact]:
    return st.builds(lambda seconds: lambda record: checked_in(record, moment(seconds)), SECONDS)


def claims() -> st.SearchStrategy[Fact]:
    """What settled claims leave beside accepted ones, which are sightings."""
    return st.one_of(
        st.builds(lambda frame_id: lambda record: contested(record, frame_id), FRAMES),
        st.builds(
            lambda frame_id, figures: lambda record: claim_refused(record, evidence(frame_id, *figures)),
            FRAMES,
            FIGURES,
        ),
    )


def human_acts() -> st.SearchStrategy[Fact]:
    """What humans decide, with what they had before them: the order of these counts, and only of these."""

    def decide(status: Status) -> Fact:
        return lambda record: marked(record, Mark("per_teacher", START, status, "because"))

    def confirm(seconds: int, frame_id: str, figures: tuple[float, float]) -> Fact:
        mark = Mark("per_teacher", START, evidence=evidence(frame_id, *figures), seen_at=moment(seconds))
        return lambda record: marked(record, mark)

    def reject(frame_id: str, figures: tuple[float, float]) -> Fact:
        return lambda record: proposal_rejected(record, evidence(frame_id, *figures))

    return st.one_of(
        st.builds(decide, st.sampled_from([each for each in Status if each is not Status.UNSEEN])),
        st.builds(confirm, SECONDS, FRAMES, FIGURES),
        st.builds(reject, FRAMES, FIGURES),
        st.just(mark_cleared),
    )


def machine_facts(only_propose: bool) -> st.SearchStrategy[list[Fact]]:
    return st.lists(st.one_of(sightings(only_propose), closings(), check_ins(), claims()), max_size=6)


def merged(facts: Iterable[Fact]) -> AttendanceRecord:
    record = AWAITED
    for fact in facts:
        record = fact(record)
    return record


@given(st.booleans().flatmap(machine_facts), st.randoms(use_true_random=False))
def test_merges_commute_and_may_be_repeated(some: list[Fact], random) -> None:
    other_order = [*some, *some]
    random.shuffle(other_order)
    assert merged(some) == merged(other_order)


@given(
    st.booleans().flatmap(machine_facts),
    st.lists(human_acts(), max_size=4),
    st.randoms(use_true_random=False),
)
def test_in_any_order_of_machines_among_the_acts_of_humans_the_record_is_the_same(
    machines: list[Fact], humans: list[Fact], random
) -> None:
    """Machines' facts may come in any order, twice, before, between or after the acts of humans."""
    shuffled = [*machines, *machines]
    random.shuffle(shuffled)
    places = sorted(random.randint(0, len(shuffled)) for _ in humans)
    for place, act in reversed(list(zip(places, humans, strict=True))):
        shuffled.insert(place, act)
    record = merged(shuffled)
    assert record == merged([*machines, *humans])
    assert record.status is merged([*humans, *machines]).status


@given(st.booleans().flatmap(machine_facts), st.sampled_from(Status))
def test_a_mark_outranks_whatever_machines_see_before_and_after(machines: list[Fact], status: Status) -> None:
    def mark(record: AttendanceRecord) -> AttendanceRecord:
        return marked(record, Mark("per_teacher", START, status))

    assert merged([*machines, mark, *machines]).status is status


def test_who_is_not_seen_is_unseen_until_the_session_closes() -> None:
    assert BLANK.status is Status.UNSEEN
    assert session_closed(BLANK, START, watched=True).status is Status.ABSENT


def test_an_accepted_sighting_makes_present() -> None:
    assert sighted(BLANK, Decision.ACCEPTED, evidence(), START).status is Status.PRESENT


def test_a_late_sighting_turns_absent_into_present() -> None:
    record = sighted(session_closed(BLANK, START, watched=True), Decision.ACCEPTED, evidence(), START)
    assert record.status is Status.PRESENT


def test_a_sighting_for_review_only_proposes() -> None:
    record = sighted(BLANK, Decision.REVIEW, evidence(), START)
    assert record.status is Status.UNSEEN
    assert record.proposal == evidence()
    assert record.first_seen is None


def test_an_unknown_face_changes_nothing() -> None:
    assert sighted(BLANK, Decision.UNKNOWN, evidence(), START) == BLANK


def test_the_best_evidence_wins() -> None:
    weak, strong = evidence("frm_1", 0.96), evidence("frm_2", 0.99)
    record = sighted(sighted(BLANK, Decision.ACCEPTED, strong, START), Decision.ACCEPTED, weak, START)
    assert record.evidence == strong


def test_the_best_evidence_is_the_farthest_above_its_threshold_whatever_kind_of_score_it_is() -> None:
    plain, normalised = evidence("frm_1", 0.96, threshold=0.95), evidence("frm_2", 0.33, threshold=0.30)
    for first, second in ((plain, normalised), (normalised, plain)):
        for decision in (Decision.ACCEPTED, Decision.REVIEW):
            record = sighted(sighted(BLANK, decision, first, START), decision, second, START)
            assert (record.evidence or record.proposal) == normalised


def test_being_seen_again_within_the_minute_changes_nothing() -> None:
    record = sighted(BLANK, Decision.ACCEPTED, evidence(), START)
    again = sighted(record, Decision.ACCEPTED, evidence("frm_0"), START + timedelta(seconds=20))
    assert again == record
    later = sighted(record, Decision.ACCEPTED, evidence("frm_0"), START + timedelta(seconds=60))
    assert later == replace(record, last_seen=datetime(2026, 3, 29, 1, 0, tzinfo=UTC))


def test_who_is_first_seen_when_the_grace_is_over_is_late() -> None:
    for seconds, status in ((-1, Status.PRESENT), (0, Status.LATE)):
        record = sighted(AWAITED, Decision.ACCEPTED, evidence(), LATE + timedelta(seconds=seconds))
        assert record.status is status
    earlier = sighted(record, Decision.ACCEPTED, evidence("frm_0"), START)
    assert earlier.status is Status.PRESENT, "an earlier frame that was processed later counts"


def test_nobody_is_absent_from_a_session_that_no_camera_saw() -> None:
    blind = session_closed(AWAITED, START, watched=False)
    assert blind.status is Status.UNSEEN
    assert session_closed(blind, START, watched=True).status is Status.ABSENT


def test_a_code_counts_as_first_seen() -> None:
    assert checked_in(AWAITED, START).status is Status.PRESENT
    assert checked_in(session_closed(AWAITED, LATE, watched=True), LATE).status is Status.LATE


def proposed(*seen: tuple[str, float, datetime]) -> AttendanceRecord:
    """A record in review of sightings: (frame, score, at), with a threshold of 0.95."""
    record = AWAITED
    for frame_id, score, at in seen:
        decision = Decision.ACCEPTED if score >= 0.95 else Decision.REVIEW
        record = sighted(record, decision, evidence(frame_id, score), at, only_propose=True)
    return record


def confirmed(record: AttendanceRecord) -> AttendanceRecord:
    mark = confirmation_of(record, "per_teacher", START + timedelta(minutes=50))
    assert mark is not None
    return marked(record, mark)


def test_in_review_an_accepted_sighting_is_proposed_until_it_is_confirmed() -> None:
    record = proposed(("frm_1", 0.97, START))
    assert (record.status, record.awaits_confirmation) == (Status.UNSEEN, True)
    after = confirmed(record)
    assert (after.status, after.awaits_confirmation, after.since) == (Status.PRESENT, False, START)


def test_a_confirmation_counts_from_the_earliest_sure_sighting_and_shows_the_best() -> None:
    record = proposed(
        ("frm_0", 0.94, START - timedelta(minutes=1)), ("frm_1", 0.96, START), ("frm_2", 0.99, LATE)
    )
    after = confirmed(record)
    assert after.mark is not None
    assert after.mark.evidence == evidence("frm_2", 0.99)
    assert (after.since, after.status) == (START, Status.PRESENT)


def test_who_was_proposed_late_is_confirmed_late() -> None:
    assert confirmed(proposed(("frm_1", 0.97, LATE))).status is Status.LATE


def test_what_was_rejected_is_not_proposed_again_but_something_better_is() -> None:
    record = proposal_rejected(proposed(("frm_1", 0.96, START)), evidence("frm_1", 0.96))
    assert (record.proposal, confirmation_of(record, "per_teacher", START)) == (None, None)
    again = sighted(record, Decision.ACCEPTED, evidence("frm_1", 0.96), START, only_propose=True)
    assert again.proposal is None
    better = sighted(record, Decision.ACCEPTED, evidence("frm_2", 0.99), LATE, only_propose=True)
    assert better.proposal == evidence("frm_2", 0.99)
    assert confirmed(better).status is Status.LATE, "what was rejected does not make earlier"


def test_a_confirmation_falls_with_its_evidence_and_a_mark_does_not() -> None:
    record = confirmed(proposed(("frm_1", 0.96, START)))
    assert proposal_rejected(record, evidence("frm_1", 0.96)).status is Status.UNSEEN
    by_hand = marked(record, Mark("per_teacher", START, Status.PRESENT))
    assert proposal_rejected(by_hand, evidence("frm_1", 0.96)).status is Status.PRESENT


def test_of_two_marks_the_last_stands_and_a_cleared_one_leaves_what_machines_saw() -> None:
    seen = sighted(AWAITED, Decision.ACCEPTED, evidence(), START)
    record = seen
    for status in (Status.EXCUSED, Status.ABSENT):
        record = marked(record, Mark("per_teacher", START, status, "because"))
        assert record.status is status
    assert mark_cleared(record) == seen


def test_minutes_are_those_between_the_first_and_the_last_look_within_the_session() -> None:
    def minutes(*seen: int) -> int | None:
        record = AWAITED
        for minute in seen:
            at = START + timedelta(minutes=minute)
            record = sighted(record, Decision.ACCEPTED, evidence(), at)
        return record.minutes

    assert minutes() is None
    assert minutes(3) == 0
    assert minutes(3, 33) == 30
    assert minutes(-9, 33) == 32, "what lies before the scheduled start does not count"
    absent = marked(sighted(AWAITED, Decision.ACCEPTED, evidence(), START), Mark("x", START, Status.ABSENT))
    assert absent.minutes is None
