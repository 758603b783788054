"""The register's rules: whatever order facts arrive in, however often, the record is the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.attendance import AttendanceRecord, Evidence, Status, session_closed, sighted
from chalicelib.domain.claims import claim_refused, contested
from chalicelib.domain.sightings import Box, Decision

BLANK = AttendanceRecord("ses_1", "per_1")
START = datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC)


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


claimed = st.tuples(st.sampled_from(["refused", "contested"]), st.sampled_from(["frm_1", "frm_2"]))
facts = st.one_of(
    claimed,
    st.tuples(
        st.sampled_from(Decision),
        st.integers(0, 600),
        st.sampled_from(["frm_1", "frm_2", "frm_3"]),
        st.sampled_from([(0.95, 0.95), (0.96, 0.95), (0.97, 0.95), (0.31, 0.30), (0.33, 0.30)]),
    ),
    st.integers(0, 600),
)


def apply(record: AttendanceRecord, fact: object) -> AttendanceRecord:
    if isinstance(fact, int):
        return session_closed(record, START + timedelta(seconds=fact))
    assert isinstance(fact, tuple)
    if fact[0] == "contested":
        return contested(record, fact[1])
    if fact[0] == "refused":
        return claim_refused(record, evidence(fact[1], 0.4))
    decision, seconds, frame_id, figures = fact
    return sighted(record, decision, evidence(frame_id, *figures), START + timedelta(seconds=seconds))


def merged(record: AttendanceRecord, given_facts: list[object]) -> AttendanceRecord:
    for fact in given_facts:
        record = apply(record, fact)
    return record


@given(st.lists(facts, max_size=6), st.randoms(use_true_random=False))
def test_merges_commute_and_may_be_repeated(some: list[object], random) -> None:
    other_order = [*some, *some]
    random.shuffle(other_order)
    assert merged(BLANK, some) == merged(BLANK, other_order)


def test_who_is_not_seen_is_unseen_until_the_session_closes() -> None:
    assert BLANK.status is Status.UNSEEN
    assert session_closed(BLANK, START).status is Status.ABSENT


def test_an_accepted_sighting_makes_present() -> None:
    assert sighted(BLANK, Decision.ACCEPTED, evidence(), START).status is Status.PRESENT


def test_a_late_sighting_turns_absent_into_present() -> None:
    record = sighted(session_closed(BLANK, START), Decision.ACCEPTED, evidence(), START)
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
