"""Video bytes to a few pictures, taken by presentation time.

Nothing that a file claims of itself is believed: neither its name, its number of frames, nor its frame rate.
What a container may be, and that FFmpeg may open no other file, is set in chalicelib/vision/__init__.py.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from chalicelib.domain.errors import TooManyPixels, UnreadableVideo, UnsupportedMediaType
from chalicelib.domain.media import sniff
from chalicelib.vision.decode import Picture

EVERY_SECONDS = 0.5
MAX_SAMPLES = 40
MAX_SECONDS = 60.0
MAX_DECODED_FRAMES = 3_600
"""A minute at 60 frames a second: bounds the work whatever the time stamps say."""
MAX_FRAME_PIXELS = 4_096 * 2_304
"""A phone's 4K, either way up."""

# Between 480 frames a second and a gap of two seconds a time stamp is believed; outside, or where there is
# none (all are zero, or they run backwards), a frame lasts as long as most cameras' do.
_SHORTEST_STEP_SECONDS = 1 / 480
_LONGEST_STEP_SECONDS = 2.0
_USUAL_STEP_SECONDS = 1 / 30
_ROUNDING_SECONDS = 0.001


def sample_video(
    data: bytes,
    every_seconds: float = EVERY_SECONDS,
    max_samples: int = MAX_SAMPLES,
    max_seconds: float = MAX_SECONDS,
    max_pixels: int = MAX_FRAME_PIXELS,
) -> Iterator[Picture]:
    """Pictures of a clip, (h, w, 3) uint8 RGB upright, `every_seconds` apart, the first frame included.

    One at a time, as forty 4K frames do not fit in a function's memory. A clip cut off or damaged half-way
    gives what decodes. Raises EmptyBody, UnsupportedMediaType at once; UnreadableVideo (not one frame) and
    TooManyPixels while iterating.
    """
    if every_seconds <= 0:
        raise ValueError("every_seconds must be positive")
    media_type = sniff(data)
    if not media_type.is_video:
        raise UnsupportedMediaType(f"A video is wanted, this is {media_type}.")
    return _samples(data, every_seconds, max_samples, max_seconds, max_pixels)


def _samples(
    data: bytes, every_seconds: float, max_samples: int, max_seconds: float, max_pixels: int
) -> Iterator[Picture]:
    taken, due_seconds = 0, 0.0
    with _opened(data) as capture:
        for elapsed_seconds in _grabbed(capture, max_pixels):
            if elapsed_seconds > max_seconds or taken >= max_samples:
                break
            if elapsed_seconds < due_seconds - _ROUNDING_SECONDS:
                continue
            picture = _retrieved(capture, max_pixels)
            if picture is None:
                continue
            taken += 1
            while (
                due_seconds <= elapsed_seconds + _ROUNDING_SECONDS
            ):  # on a grid, so that slow clips do not drift
                due_seconds += every_seconds
            yield picture
    if not taken:
        raise UnreadableVideo("The video holds no picture that can be decoded.")


@contextmanager
def _opened(data: bytes) -> Iterator[cv2.VideoCapture]:
    """A capture of a copy of the bytes that lies alone in a directory of its own."""
    with TemporaryDirectory(prefix="clip-") as directory:
        path = Path(directory, "clip")
        path.write_bytes(data)
        # Only FFmpeg: OpenCV's other backends read numbered pictures and devices, and know no whitelist.
        capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        try:
            if not capture.isOpened():
                raise UnreadableVideo("The video cannot be opened: it is damaged or cut off.")
            yield capture
        finally:
            capture.release()


def _grabbed(capture: cv2.VideoCapture, max_pixels: int) -> Iterator[float]:
    """Decodes frame by frame, counting; gives each one's time in seconds since the first."""
    elapsed_seconds, previous_seconds = 0.0, math.nan
    for number in range(MAX_DECODED_FRAMES):
        _check_pixels(capture, max_pixels)
        if not capture.grab():
            return
        stamp_seconds = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if number:
            elapsed_seconds += _step_seconds(stamp_seconds - previous_seconds)
        previous_seconds = stamp_seconds
        yield elapsed_seconds


def _step_seconds(claimed: float) -> float:
    believable = _SHORTEST_STEP_SECONDS <= claimed <= _LONGEST_STEP_SECONDS
    return claimed if believable else _USUAL_STEP_SECONDS


def _check_pixels(capture: cv2.VideoCapture, max_pixels: int) -> None:
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if width * height > max_pixels:
        raise TooManyPixels(f"{width:.0f} x {height:.0f} pixels a frame; at most {max_pixels} are read.")


def _retrieved(capture: cv2.VideoCapture, max_pixels: int) -> Picture | None:
    _check_pixels(capture, max_pixels)  # again: a stream may grow in mid-clip, and this copies the frame
    try:
        found, picture = capture.retrieve()
    except cv2.error as error:
        raise UnreadableVideo("The video's frames cannot be decoded.") from error
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8) if found else None
