"""Mutations that keep a format's form, so that readers read on to what was changed."""

import json
import math
import random
import struct
import zlib

_PNG = b"\x89PNG\r\n\x1a\n"
_ODD_VALUES = [None, True, 0, -1, 1e308, math.nan, math.inf, 10**400, "", "1", "\0", [], {}, [[]], {"1": 1}]
_ODD_NAMES = ["", "..", "\0", "a/b", "\ud800", "a" * 300]


def mended(data: bytes) -> bytes:
    """The bytes with a PNG's checksums and a RIFF's size as they should be."""
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


def odd(declaration: bytes, rng: random.Random) -> bytes:
    """The JSON with one of its values replaced by what a parser may stumble on; as it is, if it is no JSON."""
    try:
        node = root = json.loads(declaration)
    except (ValueError, RecursionError):
        return declaration
    if not isinstance(root, dict) or not root:
        return declaration
    while True:
        key = rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if not isinstance(node[key], dict | list) or not node[key] or rng.random() < 0.2:
            break
        node = node[key]
    if isinstance(node, dict) and rng.random() < 0.3:
        node[rng.choice(_ODD_NAMES)] = node.pop(key)
    else:
        node[key] = rng.choice(_ODD_VALUES)
    return json.dumps(root).encode()
