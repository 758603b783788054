"""Rotate a camera's token: a new one, shown once; the old one ends."""

from chalicelib.domain.access import Camera
from chalicelib.services.issue_token import TOKENS_AN_HOUR, new_token
from chalicelib.services.ports import Access, RateLimits


def rotate_camera_token(camera_id: str, *, by: str, access: Access, limits: RateLimits) -> tuple[Camera, str]:
    """Raises CameraNotFound, also for a camera that was revoked, Contention, TooManyRequests."""
    limits.take(f"tokens#{by}", TOKENS_AN_HOUR, 3600)
    token = new_token()
    access.replace_camera_token(camera_id, token)
    return access.camera(camera_id), token
