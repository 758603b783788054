"""A session's clockwork."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import SessionNotOpen
from chalicelib.domain.sessions import Session, SessionState, closing, due_now, may_finish, opened

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)
SECOND = timedelta(seconds=1)
SCHEDULED = Session("ses_1", "crs_1", NINE, TEN, SessionState.SCHEDULED, NINE, NINE + 10 * 60 * SECOND)


def test_a_frame_belongs_from_the_opening_until_just_before_the_closing() -> None:
    assert SCHEDULED.covers(NINE)
    assert SCHEDULED.covers(TEN - SECOND)
    assert not SCHEDULED.covers(NINE - SECOND)
    assert not SCHEDULED.covers(TEN)


def test_it_opens_by_hand_before_its_time() -> None:
    session = opened(SCHEDULED, NINE - SECOND)
    assert (session.state, session.opens_at) == (SessionState.OPEN, NINE - SECOND)
    assert opened(session, NINE) is session


def test_it_does_not_open_once_it_is_over() -> None:
    with pytest.raises(SessionNotOpen):
        opened(closing(due_now(SCHEDULED, NINE), NINE + SECOND), NINE + 2 * SECOND)
    with pytest.raises(SessionNotOpen):
        opened(SCHEDULED, TEN)


def test_closing_by_hand_ends_it_now_and_only_once() -> None:
    session = closing(due_now(SCHEDULED, NINE), NINE + SECOND)
    assert (session.state, session.closes_at) == (SessionState.CLOSING, NINE + SECOND)
    assert closing(session, TEN) is session


def test_it_cannot_be_closed_before_it_opens() -> None:
    with pytest.raises(SessionNotOpen):
        closing(SCHEDULED, NINE - SECOND)


def test_it_waits_for_outstanding_frames_but_not_for_ever() -> None:
    session = closing(due_now(SCHEDULED, NINE), TEN)
    patience = timedelta(minutes=2)
    assert may_finish(session, outstanding_frames=False, now=TEN, patience=patience)
    assert not may_finish(session, outstanding_frames=True, now=TEN + SECOND, patience=patience)
    assert may_finish(session, outstanding_frames=True, now=TEN + patience, patience=patience)


@given(st.lists(st.integers(-7200, 7200), max_size=8))
def test_ticks_in_any_order_only_move_it_forward(ticks: list[int]) -> None:
    order = list(SessionState)
    session = SCHEDULED
    for seconds in ticks:
        after = due_now(session, NINE + seconds * SECOND)
        assert order.index(after.state) >= order.index(session.state)
        assert (after.opens_at, after.closes_at) == (NINE, TEN)
        session = after


def test_a_late_tick_opens_and_closes_at_once() -> None:
    assert due_now(SCHEDULED, TEN + SECOND).state is SessionState.CLOSING
    assert due_now(SCHEDULED, TEN + SECOND).closes_at == TEN
