"""Finds faces: MTCNN's cascade (Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded
Convolutional Networks", 2016). A small net proposes windows on a pyramid of the picture, a second refines them, a
third says which are faces and where their eyes, nose and mouth are.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.boxes import Boxes, calibrate, square, suppress
from chalicelib.vision.decode import Picture
from chalicelib.vision.faces import MOST_FACES, Face, largest_first
from chalicelib.vision.pack import Pack, open_session
from chalicelib.vision.specs import MtcnnSpec

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped,unused-ignore]

Floats = NDArray[np.float32]

_GREY = (127.5, 127.5, 127.5)  # zero to the nets: what lies outside the picture
_PATCHES_AT_ONCE = 16  # what the nets make of them stays in the processor's cache, and memory is bounded
# The best candidates after each net. A class has forty faces; a picture tiled with thousands is made to exhaust us.
_MOST_PROPOSED, _MOST_REFINED = 2000, 400
_REFINEMENT_SIDE, _OUTPUT_SIDE = 24, 48


class Mtcnn:
    """The detector of a pack of the type `mtcnn`."""

    def __init__(self, pack: Pack, spec: MtcnnSpec) -> None:
        self._spec = spec
        self._proposal = open_session(pack, self._spec.proposal)
        self._refinement = open_session(pack, self._spec.refinement)
        self._output = open_session(pack, self._spec.output)

    def detect(self, picture: Picture, min_face: int = 40) -> list[Face]:
        """The faces of an (h, w, 3) uint8 RGB picture, from about `min_face` pixels wide, the largest first."""
        proposed = self._propose(picture, min_face)
        refined = self._refine(picture, proposed)
        boxes, scores, landmarks = self._describe(picture, refined)
        return largest_first(picture, boxes, scores, landmarks)

    def _propose(self, picture: Picture, min_face: int) -> Boxes:
        """(n, 4) square windows that may hold a face."""
        found = [self._propose_at(level, picture) for level in _pyramid(picture, self._spec, min_face)]
        boxes = np.concatenate([np.empty((0, 4), np.float32), *(boxes for boxes, _ in found)])
        scores = np.concatenate([np.empty(0, np.float32), *(scores for _, scores in found)])
        return square(boxes[suppress(boxes, scores, self._spec.overlaps[1])[:_MOST_PROPOSED]])

    def _propose_at(self, level: Picture, picture: Picture) -> tuple[Boxes, Floats]:
        """The windows of one level of the pyramid, in pixels of the picture, and their probabilities."""
        (regression,), (face,) = self._proposal.run(["regression", "face"], {"input": _as_input(level[None])})
        rows, columns = np.nonzero(face > self._spec.thresholds[0])
        scores = face[rows, columns]
        # One more than the window's first pixel: the nets were trained on pixels counted from one.
        corners = np.stack([columns, rows], axis=1).astype(np.float32) * self._spec.stride
        windows = np.concatenate([corners + 1, corners + self._spec.window], axis=1)
        boxes = windows + regression[:, rows, columns].T * (self._spec.window - 1)
        best = np.argsort(-scores, kind="stable")[: 2 * _MOST_PROPOSED]
        boxes, scores = boxes[best], scores[best]
        kept = suppress(boxes, scores, self._spec.overlaps[0])
        scale = np.array(
            [picture.shape[1] / level.shape[1], picture.shape[0] / level.shape[0]] * 2, np.float32
        )
        return boxes[kept] * scale, scores[kept]

    def _refine(self, picture: Picture, boxes: Boxes) -> Boxes:
        """(m, 4) squares: the better windows among `boxes`, moved onto the face."""
        patches = _patches(picture, boxes, _REFINEMENT_SIDE)
        regressions, scores = _run(self._refinement, {"regression": (4,), "face": ()}, patches)
        passed = scores > self._spec.thresholds[1]
        moved = calibrate(boxes[passed], regressions[passed])
        return square(moved[suppress(moved, scores[passed], self._spec.overlaps[1])[:_MOST_REFINED]])

    def _describe(self, picture: Picture, boxes: Boxes) -> tuple[Boxes, Floats, Floats]:
        """The faces among `boxes`: (m, 4) boxes, (m,) probabilities, (m, 5, 2) landmarks."""
        patches = _patches(picture, boxes, _OUTPUT_SIDE)
        outputs = {"regression": (4,), "landmarks": (10,), "face": ()}
        regressions, landmarks, scores = _run(self._output, outputs, patches)
        moved = calibrate(boxes, regressions)
        passed = np.nonzero(scores > self._spec.thresholds[2])[0]
        kept = passed[suppress(moved[passed], scores[passed], self._spec.overlaps[2], of_smaller=True)][
            :MOST_FACES
        ]
        return moved[kept], scores[kept], _landmarks_in(boxes[kept], landmarks[kept])


def _run(
    session: "InferenceSession", shapes: Mapping[str, tuple[int, ...]], patches: Iterable[Floats]
) -> list[Floats]:
    """Each output that `shapes` names, over all batches of `patches`, none included: (n, *its shape)."""
    answers = [session.run(list(shapes), {"input": batch}) for batch in patches]
    return [
        np.concatenate([np.empty((0, *shape), np.float32), *(answer[place] for answer in answers)])
        for place, shape in enumerate(shapes.values())
    ]


def _pyramid(picture: Picture, spec: MtcnnSpec, min_face: int) -> list[Picture]:
    """The picture at every scale at which the proposal net's window may be a face, the largest first.

    Each level is averaged from the smallest one that is at least twice its size: a fraction of the work of averaging
    the picture again and again, and hardly less exact.
    """
    height, width = picture.shape[:2]
    levels: list[Picture] = []
    scale = spec.window / min_face
    while min(height, width) * scale >= spec.window:
        size = (round(width * scale), round(height * scale))
        sources = [level for level in levels if level.shape[1] >= 2 * size[0]] or [picture]
        levels.append(np.asarray(cv2.resize(sources[-1], size, interpolation=cv2.INTER_AREA), np.uint8))
        scale *= spec.pyramid_factor
    return levels


def _patches(picture: Picture, boxes: Boxes, side: int) -> Iterator[Floats]:
    """Batches of (n, 3, side, side): each box of the picture, stretched onto a square, corner pixel on corner."""
    for start in range(0, len(boxes), _PATCHES_AT_ONCE):
        yield _as_input(_warped(picture, boxes[start : start + _PATCHES_AT_ONCE], side))


def _warped(picture: Picture, boxes: Boxes, side: int) -> NDArray[np.uint8]:
    """(n, side, side, 3)"""
    height, width = picture.shape[:2]
    inset = np.array([(width - 1) / width, (height - 1) / height] * 2)
    patches = np.empty((len(boxes), side, side, 3), np.uint8)
    for patch, (left, top, right, bottom) in zip(patches, boxes * inset, strict=True):
        across, down = (right - left) / (side - 1), (bottom - top) / (side - 1)
        onto = np.array([[across, 0, left], [0, down, top]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(picture, onto, (side, side), patch, flags, cv2.BORDER_CONSTANT, _GREY)
    return patches


def _as_input(pictures: NDArray[np.uint8]) -> Floats:
    """(n, h, w, 3) uint8 → (n, 3, h, w) float32"""
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32)


def _landmarks_in(boxes: Boxes, parts: Floats) -> Floats:
    """(n, 10) five x, then five y, in parts of the box → (n, 5, 2) pixels."""
    points = parts.reshape(-1, 2, 5).transpose(0, 2, 1)
    sizes = boxes[:, None, 2:] - boxes[:, None, :2] + 1
    return np.asarray(points * sizes + boxes[:, None, :2] - 1, np.float32)
