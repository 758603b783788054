"""List a session's attendance: everybody who has a record and, until it is closed, everybody on the roster."""

from dataclasses import dataclass

from chalicelib.domain.attendance import AttendanceRecord, blank_record
from chalicelib.domain.sessions import SessionState
from chalicelib.services.ports import Attendance, Courses, People, Sessions


@dataclass(frozen=True)
class Entry:
    name: str
    record: AttendanceRecord


def list_attendance(
    session_id: str, *, sessions: Sessions, courses: Courses, attendance: Attendance, people: People
) -> tuple[Entry, ...]:
    """Sorted by name. Raises SessionNotFound."""
    session = sessions.get(session_id)
    records = {record.person_id: record for record in attendance.of_session(session_id)}
    if session.state is not SessionState.CLOSED:  # a closed register does not change with a later roster
        for person_id in courses.roster(session.course_id):
            records.setdefault(person_id, blank_record(session, person_id))
    names = people.names(records)
    entries = [Entry(names.get(person_id, ""), record) for person_id, record in records.items()]
    return tuple(sorted(entries, key=lambda entry: (entry.name, entry.record.person_id)))
