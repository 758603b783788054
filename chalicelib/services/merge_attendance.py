"""Merge a fact into one attendance record: write if nobody was faster, else read it and merge again."""

from collections.abc import Callable

from chalicelib.domain.attendance import AttendanceRecord
from chalicelib.domain.errors import Contention
from chalicelib.services.ports import Attendance

ATTEMPTS = 20

Merge = Callable[[AttendanceRecord], AttendanceRecord]


def merge_attendance(
    record: AttendanceRecord, merge: Merge, *, attendance: Attendance, needs_consent: bool
) -> AttendanceRecord:
    """Merge into the record as it was read; only what changes it is written. Raises Contention, ConsentMissing."""
    for _ in range(ATTEMPTS):
        merged = merge(record)
        if merged == record:
            return record
        try:
            attendance.save(merged, needs_consent=needs_consent)
        except Contention:
            record = attendance.get(record.session_id, record.person_id)
        else:
            return merged
    raise Contention(
        f"{record.person_id} in {record.session_id} changed {ATTEMPTS} times while it was written."
    )
