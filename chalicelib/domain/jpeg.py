"""A JPEG's markers, walked without decoding: its size, whether it is whole, and whether it would cost too much."""

import re
import struct
from collections.abc import Iterator

from chalicelib.domain.errors import UnreadablePicture

MAX_SCANS = 64
"""Each scan of a progressive JPEG passes over all of its pixels again, and may be ten bytes long: 12 MB of them keep a
decoder busy for hours. Encoders write about ten; 64 of 25 million pixels take a second or two."""
MAX_SEGMENTS = 1_000
"""Before the first scan. A colour profile and a long description take some dozens; an empty one takes four bytes."""

_SCAN_START = 0xDA
_FRAME_STARTS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset(range(0xD0, 0xD8)) | {0x01}  # markers without a length
_IMAGE_EDGE = frozenset({0xD8, 0xD9})
_MARKER = re.compile(rb"\xff+([^\xff])")  # a marker may be padded with any number of 0xff
# In a scan's data 0xff is followed by 0, or by a restart mark. Decoders read on past markers below 0xc0 too.
_SCAN_END = re.compile(rb"\xff+([\xc0-\xcf\xd8-\xfe])")


def size(data: bytes) -> tuple[int, int]:
    """(width, height) in pixels. Raises UnreadablePicture; IndexError, struct.error: cut off."""
    for marker, body in _segments(data):
        if marker in _FRAME_STARTS:
            height, width = struct.unpack_from(">HH", data, body + 1)
            return width, height
    raise UnreadablePicture("The JPEG declares no size before its data.")


def is_whole(data: bytes) -> bool:
    """Whether an end marker follows the first scan: decoders fill what is missing with grey and say nothing.

    Only after the scan's start, as EXIF thumbnails have end markers of their own; whatever trails is ignored.
    """
    scan = _first_scan(data)
    return scan is not None and data.find(b"\xff\xd9", scan) >= 0


def has_few_scans(data: bytes) -> bool:
    """Whether a decoder would make at most MAX_SCANS passes.

    Counting the marker's two bytes is quick and never too low. Only where they are many are the segments walked, as
    what trails (a phone's clip of the moment) may hold them by chance.
    """
    scan = _first_scan(data)
    if scan is None or 1 + data.count(b"\xff\xda", scan) <= MAX_SCANS:
        return True
    return all(number < MAX_SCANS for number, _ in enumerate(_scans(data, scan)))


def _first_scan(data: bytes) -> int | None:
    """Where the body of the first scan's header begins."""
    try:
        return next((body for marker, body in _segments(data) if marker == _SCAN_START), None)
    except (struct.error, IndexError, UnreadablePicture):
        return None


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """(marker, offset of its body) up to and with the first scan. IndexError, struct.error: cut off."""
    at = 2
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.match(data, at)
        if not found:
            raise UnreadablePicture("The JPEG's header is damaged.")
        marker, at = found[1][0], found.end()
        if marker in _IMAGE_EDGE:
            raise UnreadablePicture("The JPEG ends before its data.")
        if marker in _BARE:
            continue
        (length,) = struct.unpack_from(">H", data, at)
        yield marker, at + 2
        if marker == _SCAN_START:
            return
        at += max(length, 2)
    raise UnreadablePicture("The JPEG's header has too many parts.")


def _scans(data: bytes, body: int) -> Iterator[int]:
    """Where the body of each scan's header begins, from the first at `body` to the image's end."""
    marker = _SCAN_START
    while marker not in _IMAGE_EDGE and body <= len(data):
        if marker == _SCAN_START:
            yield body
        length = int.from_bytes(data[body - 2 : body])
        found = _SCAN_END.search(data, body - 2 + max(length, 2))
        if not found:
            return
        marker, body = found[1][0], found.end() + 2
