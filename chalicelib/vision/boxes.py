"""Arithmetic on boxes: (n, 4) float32, left, top, right, bottom in pixels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.sightings import Box

Boxes = NDArray[np.float32]

_AT_ONCE = 128  # compared with all others in one step: fewer take longer, more compute what is thrown away


def suppress(
    boxes: Boxes, scores: NDArray[np.float32], overlap: float, *, of_smaller: bool = False
) -> NDArray[np.intp]:
    """Which boxes stay, the best first: greedily, each takes out those that overlap it by more than `overlap`.

    The overlap is intersection over union, or `of_smaller`: over the smaller of the two, so that a box inside
    another one goes.
    """
    best_first = np.argsort(-scores, kind="stable")
    edges = np.ascontiguousarray(boxes[best_first].T)
    stays = np.ones(len(best_first), bool)
    for start in range(0, len(best_first), _AT_ONCE):
        rest, rest_stay = edges[:, start:], stays[start:]
        places = np.flatnonzero(rest_stay[:_AT_ONCE])
        apart = _apart(rest[:, places], rest, overlap, of_smaller=of_smaller)
        for place, leaves in zip(places.tolist(), apart, strict=True):
            if rest_stay[place]:
                rest_stay[place + 1 :] &= leaves[place + 1 :]
    return best_first[stays]


def overlaps(box: Box, others: Sequence[Box]) -> list[float]:
    """Of one box with each of the others: intersection over union, 0..1."""
    found = []
    for other in others:
        across = min(box.left + box.width, other.left + other.width) - max(box.left, other.left)
        down = min(box.top + box.height, other.top + other.height) - max(box.top, other.top)
        shared = max(across, 0.0) * max(down, 0.0)
        whole = box.width * box.height + other.width * other.height - shared
        found.append(shared / whole if whole > 0 else 0.0)
    return found


def square(boxes: Boxes) -> Boxes:
    """Around the same centres, each side the longer one's length."""
    sizes = boxes[:, 2:] - boxes[:, :2]
    sides = sizes.max(axis=1, keepdims=True, initial=0)
    corners = boxes[:, :2] + (sizes - sides) / 2
    return np.asarray(np.concatenate([corners, corners + sides], axis=1), np.float32)


def calibrate(boxes: Boxes, regressions: NDArray[np.float32]) -> Boxes:
    """Moves each edge by its regression, in parts of the box's size (which counts both edges' pixels)."""
    sizes = boxes[:, 2:] - boxes[:, :2] + 1
    return np.asarray(boxes + regressions * np.concatenate([sizes, sizes], axis=1), np.float32)


def inside(boxes: Boxes, width: int, height: int) -> Boxes:
    """Cut off at the picture's edges."""
    return np.asarray(np.clip(boxes, 0, np.array([width, height] * 2, np.float32)), np.float32)


def _apart(some: Boxes, others: Boxes, overlap: float, *, of_smaller: bool) -> NDArray[np.bool_]:
    """(n, m) whether each of (4, n) `some` leaves each of (4, m) `others` in place."""
    left, top, right, bottom = some[:, :, None]
    across = np.minimum(right, others[2]) - np.maximum(left, others[0])
    down = np.minimum(bottom, others[3]) - np.maximum(top, others[1])
    shared = np.maximum(across, 0) * np.maximum(down, 0)
    areas, other_areas = (right - left) * (bottom - top), (others[2] - others[0]) * (others[3] - others[1])
    whole = np.minimum(areas, other_areas) if of_smaller else areas + other_areas - shared
    return np.asarray(shared <= overlap * whole, np.bool_)
