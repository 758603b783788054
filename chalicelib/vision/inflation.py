"""A PNG whose data inflate to far more than its pixels: libpng inflates the rest too, to throw it away.

Two megabytes of it hold two gigabytes, which take it five seconds.
"""

import struct
import zlib
from collections.abc import Iterator

_SIGNATURE_BYTES = 8
_PORTION_BYTES = 4096  # inflates to 4 MB at most, a thousand to one
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type


def inflates_to_its_pixels(data: bytes) -> bool:
    """Whether the data of the PNG, whose header was checked, fill no more than its pixels.

    Data that are no zlib stream are the decoder's to refuse.
    """
    inflater, inflated_bytes, most_bytes = zlib.decompressobj(), 0, _most_bytes(data)
    for portion in _portions(data):
        try:
            inflated_bytes += len(inflater.decompress(portion))
        except zlib.error:
            return True
        if inflated_bytes > most_bytes:
            return False
        if inflater.eof:
            return True
    return True


def _most_bytes(data: bytes) -> int:
    """The bytes of all lines, with room for those that interlacing adds: a filter and a begun byte, of each pass."""
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    line_bytes = (width * depth * _CHANNELS.get(colour, 4) + 7) // 8
    return int(height * (line_bytes + 8) + 64)


def _portions(data: bytes) -> Iterator[memoryview]:
    """The bodies of all IDAT chunks, a little at a time."""
    view, at = memoryview(data), _SIGNATURE_BYTES
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IDAT":
            for start in range(at + 8, min(at + 8 + length, len(data)), _PORTION_BYTES):
                yield view[start : min(start + _PORTION_BYTES, at + 8 + length)]
        if name == b"IEND":
            return
        at += 12 + length
