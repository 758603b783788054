"""Schedule a session of a course; one whose time has come is open at once."""

from datetime import datetime, timedelta

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import CourseArchived, InvalidRequest
from chalicelib.domain.ids import Kind, NewId, fresh_id
from chalicelib.domain.sessions import Confirmation, Session, SessionState, due_now
from chalicelib.services.ports import Courses, Sessions

LONGEST = timedelta(hours=24)


def schedule_session(
    course_id: str,
    *,
    opens_at: datetime | None,
    closes_at: datetime,
    room: str | None = None,
    confirmation: Confirmation | None = None,
    courses: Courses,
    sessions: Sessions,
    clock: Clock,
    new_id: NewId = fresh_id,
) -> Session:
    """Without `opens_at` it opens now; without `confirmation` it is the course's.

    Raises CourseNotFound, CourseArchived, InvalidRequest.
    """
    now = clock()
    opens_at = opens_at or now
    if closes_at <= max(opens_at, now):
        raise InvalidRequest("closes_at must lie after opens_at and in the future.")
    if closes_at - opens_at > LONGEST:
        raise InvalidRequest("A session lasts 24 hours at most.")
    course = courses.get(course_id)
    if course.archived_at is not None:
        raise CourseArchived(f"The course {course_id} is archived.")
    session = Session(
        session_id=new_id(Kind.SESSION),
        course_id=course.course_id,
        opens_at=opens_at,
        closes_at=closes_at,
        state=SessionState.SCHEDULED,
        starts_at=opens_at,
        late_after=opens_at + course.grace,
        room=room,
        confirmation=confirmation or course.confirmation,
    )
    return sessions.add(due_now(session, now))
