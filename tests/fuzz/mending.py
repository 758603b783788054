"""Makes what a mutation broke consistent again, so that decoders read on to what it changed."""

import struct
import zlib

_PNG = b"\x89PNG\r\n\x1a\n"


def mended(data: bytes) -> bytes:
    """The bytes with a PNG's checksums and a RIFF's size as they should be; three of four, by their own bytes."""
    if not data or sum(data[-8:]) % 4 == 0:
        return data
    if data.startswith(_PNG):
        return _checked(data)
    if data.startswith(b"RIFF") and len(data) > 8:
        return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    return data


def _checked(data: bytes) -> bytes:
    """A PNG whose whole chunks have their checksums."""
    parts, at = [_PNG], len(_PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        parts += [data[at:end], struct.pack(">I", zlib.crc32(data[at + 4 : end]))]
        at = end + 4
    return b"".join([*parts, data[at:]])
