"""Revoke a camera: its next post is refused."""

from chalicelib.domain.access import Camera
from chalicelib.domain.clock import Clock
from chalicelib.services.ports import Access


def revoke_camera(camera_id: str, *, access: Access, clock: Clock) -> Camera:
    """Revoking again changes nothing. Raises CameraNotFound."""
    access.revoke_camera(camera_id, clock())
    return access.camera(camera_id)
