"""Rotate a camera's token: a new one, shown once; the old one ends."""

from chalicelib.domain.access import Camera
from chalicelib.services.issue_token import new_token
from chalicelib.services.ports import Access


def rotate_camera_token(camera_id: str, *, access: Access) -> tuple[Camera, str]:
    """Raises CameraNotFound, also for a camera that was revoked, and Contention."""
    token = new_token()
    access.replace_camera_token(camera_id, token)
    return access.camera(camera_id), token
