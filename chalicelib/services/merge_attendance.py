"""Merge a fact into one attendance record: write if nobody was faster, else read it and merge again."""

import random
import time
from collections.abc import Callable
from dataclasses import replace

from chalicelib.domain.attendance import AttendanceRecord, in_session
from chalicelib.domain.errors import Contention
from chalicelib.domain.history import Cause, change_between
from chalicelib.domain.sessions import Session
from chalicelib.services.ports import Attendance

ATTEMPTS = 60
LONGEST_PAUSE_SECONDS = 0.4  # 60 of them, half as long on average, end well before the API's 29 s

Merge = Callable[[AttendanceRecord], AttendanceRecord]


def merge_attendance(
    record: AttendanceRecord,
    merge: Merge,
    *,
    session: Session,
    cause: Cause,
    attendance: Attendance,
    needs_consent: bool,
) -> AttendanceRecord:
    """Merge into the record as it was read, with its line of history; only what changes it is written.

    Raises Contention, ConsentMissing.
    """
    for attempt in range(ATTEMPTS):
        record = in_session(record, session)
        merged = merge(record)
        if merged == record:
            return record
        try:
            attendance.save(merged, needs_consent=needs_consent, change=change_between(record, merged, cause))
        except Contention:
            _pause(attempt)
            record = attendance.get(record.session_id, record.person_id)
        else:
            return replace(merged, revision=merged.revision + 1)
    raise Contention(
        f"{record.person_id} in {record.session_id} changed {ATTEMPTS} times while it was written."
    )


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, min(0.01 * 2**attempt, LONGEST_PAUSE_SECONDS)))
