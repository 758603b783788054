"""Finds faces with YuNet (Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023): one net says for
every cell of three grids whether a face is there, and where its edges, eyes, nose and mouth are.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.boxes import Boxes, suppress
from chalicelib.vision.decode import Picture
from chalicelib.vision.faces import MOST_FACES, Face, Floats, largest_first
from chalicelib.vision.pack import Pack, open_session
from chalicelib.vision.specs import YunetSpec

_MOST_CANDIDATES = 2000  # the best before overlaps are suppressed: what that costs grows with their square
_MOST_PIXELS = 4_000_000  # of what the net sees at once: the memory that it takes grows with them
_COARSER = 4  # from one level to the next; the net finds faces of a range more than ten times as wide
_PER_CELL = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}  # the net's outputs, one of each for every stride

Found = tuple[Boxes, Floats, Floats]
"""(n, 4) boxes, (n,) scores, (n, 5, 2) landmarks."""


class Yunet:
    """The detector of a pack of the type `yunet`."""

    def __init__(self, pack: Pack, spec: YunetSpec) -> None:
        self._spec = spec
        self._session = open_session(pack, spec.file)
        self._outputs = [f"{output}_{stride}" for stride in spec.strides for output in _PER_CELL]

    def detect(self, picture: Picture, min_face: int = 40) -> list[Face]:
        """The faces of an (h, w, 3) uint8 RGB picture, from about `min_face` pixels wide, the largest first.

        The picture is scaled down so that such a face is as wide as the smallest that the net finds reliably, and
        further while it may show a face wider than the largest. It is never scaled up, and a huge picture is scaled
        down more: the least width of a face grows with it.
        """
        found = [self._found_at(level, picture) for level in self._levels(picture, min_face)]
        boxes, scores, landmarks = (np.concatenate(each) for each in zip(*found, strict=True))
        best = np.argsort(-scores, kind="stable")[:_MOST_CANDIDATES]
        kept = best[suppress(boxes[best], scores[best], self._spec.overlap)[:MOST_FACES]]
        return largest_first(picture, boxes[kept], scores[kept], landmarks[kept])

    def _levels(self, picture: Picture, min_face: int) -> list[Picture]:
        fits = (_MOST_PIXELS / (picture.shape[0] * picture.shape[1])) ** 0.5
        levels = [_scaled(picture, min(fits, self._spec.smallest_face_px / min_face))]
        while min(levels[-1].shape[:2]) > self._spec.largest_face_px:
            levels.append(_scaled(levels[-1], 1 / _COARSER))
        return levels

    def _found_at(self, level: Picture, picture: Picture) -> Found:
        """Of a level that the net sees, in pixels of the picture."""
        boxes, scores, landmarks = self._candidates(_padded(level, max(self._spec.strides)))
        scale = np.array([picture.shape[1] / level.shape[1], picture.shape[0] / level.shape[0]], np.float32)
        return boxes * np.tile(scale, 2), scores, landmarks * scale

    def _candidates(self, padded: Picture) -> Found:
        """What may be faces, in pixels of `padded`."""
        blue_first = padded[None, :, :, ::-1].transpose(0, 3, 1, 2)
        answers = self._session.run(self._outputs, {"input": np.ascontiguousarray(blue_first, np.float32)})
        rows = iter([answer[0] for answer in answers])
        grids = zip(*[rows] * len(_PER_CELL), strict=True)
        found = [
            self._decoded(stride, padded.shape[1] // stride, *grid)
            for stride, grid in zip(self._spec.strides, grids, strict=True)
        ]
        boxes, scores, landmarks = (np.concatenate(each) for each in zip(*found, strict=True))
        return boxes, scores, landmarks

    def _decoded(
        self, stride: int, columns: int, classes: Floats, objects: Floats, edges: Floats, points: Floats
    ) -> Found:
        """The candidates of one grid of cells `stride` pixels apart, row by row: (cells, …) outputs of the net."""
        scores = np.sqrt(np.clip(classes[:, 0], 0, 1) * np.clip(objects[:, 0], 0, 1))
        cells = np.nonzero(scores > self._spec.threshold)[0]
        corners = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
        centres = corners + edges[cells, :2]
        halves = np.exp(edges[cells, 2:]) / 2
        boxes = np.concatenate([centres - halves, centres + halves], axis=1) * stride
        landmarks = (corners[:, None] + points[cells].reshape(-1, 5, 2)) * stride
        return boxes, scores[cells], landmarks


def _scaled(picture: Picture, scale: float) -> Picture:
    """Scaled down, never up."""
    if scale >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _padded(picture: Picture, multiple: int) -> NDArray[np.uint8]:
    """Black to the right and below, so that the grids' cells come out even."""
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, -height % multiple), (0, -width % multiple), (0, 0)))
