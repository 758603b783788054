"""A weekly timetable by the clock on the wall: across both changes of the clocks and across midnight."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.attendance import Evidence, Status, blank_record, sighted
from chalicelib.domain.courses import Course
from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.sessions import SessionState, closing, due_now, opened
from chalicelib.domain.sightings import Box, Decision
from chalicelib.domain.timetable import (
    Occurrence,
    Slot,
    Timetable,
    check_timetable,
    local_moment,
    occurrences,
    replanned,
    session_of,
)

STOCKHOLM = ZoneInfo("Europe/Stockholm")
COURSE = Course("crs_1", "Astronomy", "Europe/Stockholm", datetime(2026, 1, 1, tzinfo=UTC))
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)  # Sundays; at 02:00 to 03:00, and at 03:00 to 02:00
EVIDENCE = Evidence("frm_1", "model", Box(0, 0, 10, 10), 0.97, 0.97, 0.1, 0.95, 0.9)


def slot(starts: str, ends: str, weekday: int = 7, room: str | None = None) -> Slot:
    return Slot(weekday, time.fromisoformat(starts), time.fromisoformat(ends), room)


def timetable(*slots: Slot, **more) -> Timetable:
    return Timetable("crs_1", slots, date(2026, 1, 1), date(2026, 12, 31), **more)


def on(day: date, starts: str, ends: str, zone: ZoneInfo = STOCKHOLM) -> Occurrence:
    (found,) = occurrences(timetable(slot(starts, ends, day.isoweekday())), zone, day, day)
    return found


def times(occurrence: Occurrence) -> tuple[str, str]:
    return f"{occurrence.starts_at:%d %H:%M}", f"{occurrence.ends_at:%d %H:%M}"


def test_the_same_hour_on_the_wall_is_another_in_utc_after_the_change() -> None:
    for day, before, after in ((SPRING, "08:00", "07:00"), (AUTUMN, "07:00", "08:00")):
        assert f"{on(day - timedelta(days=1), '09:00', '10:00').starts_at:%H:%M}" == before
        assert f"{on(day, '09:00', '10:00').starts_at:%H:%M}" == after


def test_a_time_that_the_clocks_skip_moves_forward_by_the_gap() -> None:
    assert times(on(SPRING, "02:30", "04:00")) == ("29 01:30", "29 02:00"), "that is 03:30 on the wall"
    assert times(on(SPRING, "01:30", "02:30")) == ("29 00:30", "29 01:30")


def test_a_session_that_lies_in_the_gap_keeps_its_length() -> None:
    assert times(on(SPRING, "02:30", "03:15")) == ("29 01:30", "29 02:15")


def test_of_a_time_that_the_clocks_show_twice_the_first_is_meant() -> None:
    assert times(on(AUTUMN, "02:30", "04:00")) == ("25 00:30", "25 03:00"), "two hours and a half go by"
    assert times(on(AUTUMN, "01:30", "02:30")) == ("24 23:30", "25 00:30")


def test_a_slot_across_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    night = on(date(2026, 11, 23), "23:00", "01:30")
    assert (night.day, times(night)) == (date(2026, 11, 23), ("23 22:00", "24 00:30"))
    assert times(on(SPRING - timedelta(days=1), "23:00", "03:30")) == ("28 22:00", "29 01:30")
    assert times(on(AUTUMN - timedelta(days=1), "23:00", "03:30")) == ("24 21:00", "25 02:30")


def test_excepted_days_and_days_outside_the_term_have_no_sessions() -> None:
    table = timetable(slot("09:00", "10:00", weekday=1), excepted=frozenset({date(2026, 1, 12)}))
    found = occurrences(table, STOCKHOLM, date(2025, 12, 1), date(2026, 1, 25))
    assert [each.day.day for each in found] == [5, 19]


@pytest.mark.parametrize(
    ("day", "starts", "ends"),
    [
        (SPRING, "01:00", "04:00"),
        (SPRING, "02:30", "04:00"),
        (AUTUMN, "01:00", "04:00"),
        (AUTUMN, "02:30", "04:00"),
        (SPRING - timedelta(days=1), "23:55", "03:30"),
        (AUTUMN - timedelta(days=1), "23:55", "03:30"),
        (date(2026, 11, 23), "23:55", "01:00"),
    ],
    ids=str,
)
def test_lateness_is_counted_in_real_minutes_from_the_real_start(day: date, starts: str, ends: str) -> None:
    occurrence = on(day, starts, ends)
    session = session_of(COURSE, occurrence)
    for minutes, status in ((0, Status.PRESENT), (9.9, Status.PRESENT), (10, Status.LATE)):
        at = occurrence.starts_at + timedelta(minutes=minutes)
        assert session.covers(at)
        seen = sighted(blank_record(session, "per_1"), Decision.ACCEPTED, EVIDENCE, at)
        assert seen.status is status
    assert not session.covers(occurrence.ends_at)


def test_opening_by_hand_before_its_time_makes_nobody_late() -> None:
    session = session_of(COURSE, on(date(2026, 11, 23), "09:00", "10:00"))
    early = opened(session, session.starts_at - timedelta(minutes=30))
    at = session.starts_at + timedelta(minutes=9)
    assert sighted(blank_record(early, "p"), Decision.ACCEPTED, EVIDENCE, at).status is Status.PRESENT


ZONES = st.sampled_from(
    ["Europe/Stockholm", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
)


@given(
    zone=ZONES,
    day=st.dates(date(2026, 1, 1), date(2026, 12, 30)),
    starts=st.times(),
    ends=st.times(),
)
def test_every_occurrence_begins_on_its_day_and_lasts_about_as_long_as_the_wall_says(
    zone: str, day: date, starts: time, ends: time
) -> None:
    here = ZoneInfo(zone)
    starts, ends = starts.replace(second=0, microsecond=0), ends.replace(second=0, microsecond=0)
    (found,) = occurrences(timetable(Slot(day.isoweekday(), starts, ends)), here, day, day)
    assert found.starts_at.astimezone(here).date() == day
    wall = datetime.combine(day, ends) - datetime.combine(day, starts)
    wall += timedelta(days=wall <= timedelta(0))
    lasts = found.ends_at - found.starts_at
    assert lasts > timedelta(0)
    assert abs(lasts - wall) <= timedelta(hours=1)
    assert local_moment(day, starts, here) == found.starts_at


def test_the_same_occurrence_is_the_same_session_and_another_is_another() -> None:
    table = timetable(slot("09:00", "10:00", 1), slot("13:00", "14:00", 1), slot("09:00", "10:00", 2))
    ids = [
        session_of(COURSE, each).session_id
        for each in occurrences(table, STOCKHOLM, date(2026, 11, 23), date(2026, 12, 6))
    ]
    assert len(set(ids)) == len(ids) == 6
    (again,) = occurrences(
        timetable(slot("09:00", "9:30".zfill(5), 1)), STOCKHOLM, date(2026, 11, 23), date(2026, 11, 23)
    )
    assert session_of(COURSE, again).session_id == ids[0]


def test_a_changed_timetable_reshapes_or_cancels_what_has_not_begun_and_leaves_the_rest() -> None:
    session = session_of(COURSE, on(date(2026, 11, 23), "09:00", "10:00"))
    longer = session_of(COURSE, on(date(2026, 11, 23), "09:00", "11:00"))
    before, during = session.starts_at - timedelta(hours=1), session.starts_at
    assert replanned(session, longer, before).closes_at == longer.closes_at
    cancelled = replanned(session, None, before)
    assert (cancelled.state, cancelled.due_at) == (SessionState.CANCELLED, None)
    assert not cancelled.covers(session.starts_at)
    assert replanned(cancelled, session, before) == session, "the slot came back"
    by_hand = replace(cancelled, cancelled_by_hand=True)
    assert replanned(by_hand, session, before) == by_hand
    for begun in (session, due_now(session, during), opened(session, before)):
        now = before if begun.state is SessionState.OPEN else during
        assert replanned(begun, None, now) == begun
        assert replanned(begun, longer, now) == begun
    held = closing(due_now(session, during), session.closes_at)
    assert replanned(held, None, session.closes_at) == held


def test_two_slots_do_not_start_at_once() -> None:
    with pytest.raises(InvalidRequest):
        check_timetable(timetable(slot("09:00", "10:00"), slot("09:00", "11:00")))
    with pytest.raises(InvalidRequest):
        check_timetable(Timetable("crs_1", (), date(2026, 2, 1), date(2026, 1, 1)))
    check_timetable(timetable(slot("09:00", "10:00"), slot("09:00", "10:00", weekday=1)))
