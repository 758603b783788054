"""Authorise a camera for a course. Its revocation is read here, at once, and not only by the cached authorizer."""

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.errors import Forbidden, InvalidToken
from chalicelib.services.ports import Access


def authorise_camera(caller: Caller, course_id: str, *, access: Access) -> None:
    """Admins pass. Raises InvalidToken if the camera is revoked, Forbidden for another course."""
    if caller.role is Role.ADMIN:
        return
    camera = access.camera(caller.subject)
    if camera.revoked_at is not None:
        raise InvalidToken("This camera's token was revoked.")
    if course_id not in camera.course_ids:
        raise Forbidden("This camera is not registered for the course of this session.")
