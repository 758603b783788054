"""Arithmetic on boxes: (n, 4) float32, left, top, right, bottom in pixels."""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]


def suppress(
    boxes: Boxes, scores: NDArray[np.float32], overlap: float, *, of_smaller: bool = False
) -> NDArray[np.intp]:
    """Which boxes stay, the best first: greedily, each takes out those that overlap it by more than `overlap`.

    The overlap is intersection over union, or `of_smaller`: over the smaller of the two, so that a box inside
    another one goes.
    """
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    remaining = np.argsort(-scores, kind="stable")
    kept = []
    while remaining.size:
        best, remaining = remaining[0], remaining[1:]
        kept.append(best)
        shared = _intersections(boxes[best], boxes[remaining])
        whole = (
            np.minimum(areas[best], areas[remaining])
            if of_smaller
            else areas[best] + areas[remaining] - shared
        )
        remaining = remaining[shared <= overlap * whole]
    return np.array(kept, np.intp)


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


def _intersections(box: NDArray[np.float32], boxes: Boxes) -> NDArray[np.float32]:
    """(n,) areas that each of `boxes` shares with `box`."""
    sizes = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    return np.asarray(np.maximum(sizes, 0).prod(axis=1), np.float32)
