"""Limit how many frames a camera may bring: a stolen token shall not buy a school a bill for reading pictures."""

from chalicelib.domain.access import Caller, Role
from chalicelib.services.ports import RateLimits

FRAMES, WINDOW_SECONDS = 40, 10  # four a second, where one every ten is asked for


def limit_frames(caller: Caller, *, limits: RateLimits) -> None:
    """One write for each frame of a camera; people are not counted. Raises TooManyRequests."""
    if caller.role is Role.CAMERA:
        limits.take(f"frames#{caller.subject}", FRAMES, WINDOW_SECONDS)
