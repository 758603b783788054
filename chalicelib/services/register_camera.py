"""Register a camera for courses or rooms, with a token of its own that is shown once."""

from chalicelib.domain.access import Camera
from chalicelib.domain.clock import Clock
from chalicelib.domain.ids import Kind, NewId, fresh_id
from chalicelib.services.issue_token import TOKENS_AN_HOUR, new_token
from chalicelib.services.ports import Access, Courses, RateLimits


def register_camera(
    name: str,
    course_ids: frozenset[str],
    rooms: frozenset[str] = frozenset(),
    *,
    by: str,
    access: Access,
    courses: Courses,
    limits: RateLimits,
    clock: Clock,
    new_id: NewId = fresh_id,
) -> tuple[Camera, str]:
    """Under an id that is there already, a request sent again, the token is replaced: nobody saw it, or it was lost.

    Raises CourseNotFound, TooManyRequests, and CameraNotFound for one that was revoked meanwhile.
    """
    for course_id in course_ids:
        courses.get(course_id)
    limits.take(f"tokens#{by}", TOKENS_AN_HOUR, 3600)
    camera = Camera(
        camera_id=new_id(Kind.CAMERA), name=name, course_ids=course_ids, created_at=clock(), rooms=rooms
    )
    token = new_token()
    access.add_camera(camera, token)
    return access.camera(camera.camera_id), token
