"""Authorise a camera for a course. Its revocation is read here, at once, and not only by the cached authorizer."""

from chalicelib.domain.access import Caller, Role, camera_covers
from chalicelib.domain.errors import Forbidden, InvalidToken
from chalicelib.services.ports import Access


def authorise_camera(caller: Caller, course_id: str, *, access: Access) -> None:
    """Admins pass. Raises InvalidToken if the camera is revoked or has a newer token, Forbidden for another course."""
    if caller.role is Role.ADMIN:
        return
    camera = access.camera(caller.subject)
    if camera.revoked_at is not None or caller.token_id != camera.token_id:
        raise InvalidToken("This camera's token was revoked.")
    if not camera_covers(camera, course_id, room=None):
        raise Forbidden("This camera is not registered for the course of this session.")
