import numpy as np
import pytest
from numpy.typing import NDArray

from chalicelib.vision.boxes import Boxes, suppress


def one_after_the_other(
    boxes: Boxes, scores: NDArray[np.float32], overlap: float, of_smaller: bool
) -> list[int]:
    """The definition: a box stays if no better one that stays overlaps it by more."""
    kept: list[int] = []
    for box in sorted(range(len(boxes)), key=lambda place: -scores[place]):
        if all(shared(boxes[box], boxes[other], of_smaller) <= overlap for other in kept):
            kept.append(box)
    return kept


def shared(one: Boxes, other: Boxes, of_smaller: bool) -> float:
    width, height = (min(one[2 + axis], other[2 + axis]) - max(one[axis], other[axis]) for axis in (0, 1))
    both = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return both / (min(areas) if of_smaller else sum(areas) - both)


@pytest.mark.parametrize("of_smaller", [False, True])
@pytest.mark.parametrize("count", [0, 1, 127, 128, 129, 300])
def test_suppression_is_greedy_however_many_boxes_are_compared_at_once(count: int, of_smaller: bool) -> None:
    rng = np.random.default_rng(count)
    corners = rng.integers(0, 200, (count, 2))
    boxes = np.concatenate([corners, corners + rng.integers(1, 60, (count, 2))], axis=1).astype(np.float32)
    scores = (
        rng.permutation(count).astype(np.float32) // 2
    )  # every score twice: the earlier box is the better
    kept = suppress(boxes, scores, 0.3, of_smaller=of_smaller).tolist()
    assert kept == one_after_the_other(boxes, scores, 0.3, of_smaller)
