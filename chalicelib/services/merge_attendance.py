"""Merge a fact into one attendance record: read, merge, write if nobody was faster, else again."""

from collections.abc import Callable

from chalicelib.domain.attendance import AttendanceRecord
from chalicelib.domain.errors import Contention
from chalicelib.services.ports import Attendance

ATTEMPTS = 20

Merge = Callable[[AttendanceRecord], AttendanceRecord]


def merge_attendance(
    session_id: str, person_id: str, merge: Merge, *, attendance: Attendance, needs_consent: bool
) -> AttendanceRecord:
    """Write only what changes the record. Raises Contention, ConsentMissing."""
    for _ in range(ATTEMPTS):
        record = attendance.get(session_id, person_id)
        merged = merge(record)
        if merged == record:
            return record
        try:
            attendance.save(merged, needs_consent=needs_consent)
        except Contention:
            continue
        return merged
    raise Contention(
        f"The record of {person_id} in {session_id} changed {ATTEMPTS} times while it was written."
    )
