"""Looks for embeddings in whatever was written: as floats of any width, as base64, and as numbers in text."""

import base64
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
IN_A_ROW = 5
DECIMALS = 3
PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"ftypmp4", b"ftypisom")
_BYTES = 8  # of two float32, or one float64


def written_below(*folders: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


def traces_of(views: Iterable[NDArray[np.floating]], content: bytes) -> list[str]:
    """In which form any of the views is in the content: enough of it, anywhere, at whatever offset."""
    rows = [np.asarray(view, np.float64) for view in views]
    windows = {content[start : start + _BYTES] for start in range(len(content) - _BYTES + 1)}
    found = [
        kind
        for kind in ("<f4", ">f4", "<f8", ">f8", "<f2")
        if any(piece in windows for row in rows for piece in _pieces(row.astype(kind).tobytes()))
    ]
    if any(piece in windows for row in rows for piece in _in_base64(row)):
        found.append("base64")
    said = [round(float(number), DECIMALS) for number in NUMBER.findall(content)]
    told = {tuple(said[start : start + IN_A_ROW]) for start in range(len(said) - IN_A_ROW + 1)}
    if any(each in told for row in rows for each in _runs(row)):
        found.append("decimals")
    return found


def _pieces(data: bytes) -> Iterable[bytes]:
    return (data[start : start + _BYTES] for start in range(0, len(data) - _BYTES + 1, _BYTES))


def _in_base64(row: NDArray[np.float64]) -> Iterable[bytes]:
    """At each of the three offsets that a longer text may put it at; without the ends, which what is beside changes."""
    data = row.astype("<f4").tobytes()
    for offset in range(3):
        yield from _pieces(base64.b64encode(bytes(offset) + data)[8:-8])


def _runs(row: NDArray[np.float64]) -> Iterable[tuple[float, ...]]:
    rounded = [round(value, DECIMALS) for value in row.tolist()]
    return (tuple(rounded[start : start + IN_A_ROW]) for start in range(len(rounded) - IN_A_ROW + 1))
