"""Authorise a caller for the objects that a request names: role by role, each within its reach."""

from collections.abc import Mapping

from chalicelib.domain.access import Caller, Reach, Role, camera_covers
from chalicelib.domain.errors import Forbidden, InvalidToken
from chalicelib.services.ports import Access, Courses, Frames, Sessions


def authorise(
    caller: Caller,
    reaches: Mapping[Role, Reach],
    ids: Mapping[str, str],
    *,
    access: Access,
    courses: Courses,
    frames: Frames,
    sessions: Sessions,
) -> None:
    """`ids`: those of the request's path, by name. Everything is read strongly: what was ended is ended at once.

    Raises Forbidden, InvalidToken for a revoked camera, and NotFound errors for what a caller cannot own.
    """
    reach = reaches.get(caller.role)
    if reach is None:
        raise Forbidden(f"The role {caller.role} may not do this.")
    if reach is Reach.EVERY:
        return
    course_id, room = _course_and_room(ids, sessions, frames)
    person_id = ids.get("person_id")
    if caller.role is Role.CAMERA:
        owns = _films(caller, course_id, room, access)
    elif caller.role is Role.INSTRUCTOR:
        owns = _teaches(caller.subject, course_id, person_id, courses)
    else:
        owns = _is_or_takes(caller.subject, course_id, person_id, courses)
    if not owns:
        raise Forbidden("This is not yours.")


def _course_and_room(
    ids: Mapping[str, str], sessions: Sessions, frames: Frames
) -> tuple[str | None, str | None]:
    """The course that the path names or leads to, and the room if it leads there by a session."""
    if "course_id" in ids:
        return ids["course_id"], None
    session_id = ids.get("session_id")
    if "frame_id" in ids:
        session_id = frames.get(ids["frame_id"]).session_id
    if session_id is None:
        return None, None
    session = sessions.get(session_id)
    return session.course_id, session.room


def _films(caller: Caller, course_id: str | None, room: str | None, access: Access) -> bool:
    """Read at each request: the authorizer remembers a token for a minute after its end."""
    camera = access.camera(caller.subject)
    if camera.revoked_at is not None or caller.token_id != camera.token_id:
        raise InvalidToken("This camera's token was revoked.")
    return camera_covers(camera, course_id, room)


def _teaches(instructor_id: str, course_id: str | None, person_id: str | None, courses: Courses) -> bool:
    """The course; or, where no course is named, somebody on the roster of any course of his, or himself."""
    taught = frozenset(courses.taught_by(instructor_id))
    if course_id is not None:
        return course_id in taught
    if person_id is None:
        return False
    return person_id == instructor_id or bool(taught.intersection(courses.courses_of(person_id)))


def _is_or_takes(student_id: str, course_id: str | None, person_id: str | None, courses: Courses) -> bool:
    """Himself, whenever a person is named; else a course that he takes."""
    if person_id is not None:
        return person_id == student_id
    return course_id is not None and course_id in courses.courses_of(student_id)
