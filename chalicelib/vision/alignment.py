"""Chips: each face turned upright, scaled and cut out as its embedder was trained to see it.

The chip is warped by the similarity that brings the face's landmarks onto the pack's template (Umeyama, "Least-Squares
Estimation of Transformation Parameters Between Two Point Patterns", 1991). The landmarks are the detector's own, or
a shape predictor finds them in the face warped upright by the detector's eyes. Training and service share this
module, so both see the same chips.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.decode import Picture
from chalicelib.vision.faces import Face
from chalicelib.vision.landmarks import Points, ShapePredictor
from chalicelib.vision.pack import Pack
from chalicelib.vision.specs import AlignmentSpec, TreesSpec

Chips = NDArray[np.uint8]

_POINT = 1e-9  # points nearer than this coincide
_PLANE = np.array([1, 1j])
# By how much dlib's pyramid misses the right place at each halving, in the halved picture's pixels.
_DLIB_HALVING_SHIFT = 0.25 - 0.25j


@dataclass(frozen=True)
class Similarity:
    """Turns, scales and shifts points of the plane, as complex numbers: z → turn·z + shift. Never mirrors."""

    turn: complex
    shift: complex

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(2, 3)"""
        turn, shift = self.turn, self.shift
        return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])

    def undo(self, points: NDArray[np.floating]) -> Points:
        """Where the (n, 2) points come from."""
        sources = (points @ _PLANE - self.shift) / self.turn
        return np.stack([sources.real, sources.imag], axis=1).astype(np.float32)


class Aligner:
    """The aligner of a pack."""

    def __init__(self, pack: Pack) -> None:
        trees = pack.landmarks
        self._predictor = _UprightPredictor(pack, trees) if isinstance(trees, TreesSpec) else None
        self._size = pack.embedder.size
        self._fit = pack.alignment.fit
        self._template = chip_template(pack.alignment, self._size)

    def align(self, picture: Picture, face: Face) -> NDArray[np.uint8]:
        """(size, size, 3) uint8 RGB chip of one face."""
        chip: NDArray[np.uint8] = self.chips(picture, [face])[0]
        return chip

    def chips(self, picture: Picture, faces: Sequence[Face]) -> Chips:
        """(n, size, size, 3) uint8 RGB chips, in the order of `faces`."""
        chips = np.empty((len(faces), self._size, self._size, 3), np.uint8)
        for place, points in enumerate(self.landmarks(picture, faces)):
            chips[place] = cut_chip(picture, points, self._template, self._size, self._fit)
        return chips

    def landmarks(self, picture: Picture, faces: Sequence[Face]) -> Points:
        """(n, 5, 2) pixels of the picture, in the template's order."""
        if not faces:
            return np.empty((0, *self._template.shape), np.float32)
        if self._predictor is None:
            return np.stack([face.landmarks for face in faces])
        return self._predictor.landmarks(picture, faces)


class _UprightPredictor:
    """The shape predictor on faces warped upright by the detector's eyes."""

    def __init__(self, pack: Pack, spec: TreesSpec) -> None:
        self._predictor = ShapePredictor(pack, spec)
        self._crop = spec.crop
        last = float(spec.crop - 1 - spec.inset)
        self._rectangle = (float(spec.inset), float(spec.inset), last, last)
        self._eyes = self._eyes_in_crop()

    def landmarks(self, picture: Picture, faces: Sequence[Face]) -> Points:
        upright = [similarity(face.landmarks[:2], self._eyes) for face in faces]
        crops = np.stack([warp(picture, onto, self._crop) for onto in upright])
        points = self._predictor.predict(crops, self._rectangle)
        return np.stack([onto.undo(each) for onto, each in zip(upright, points, strict=True)])

    def _eyes_in_crop(self) -> Points:
        """(2, 2): where the eyes must lie in the crop so that the mean shape lies in the rectangle."""
        left, top, right, bottom = self._rectangle
        corners = self._predictor.mean_shape * [right - left, bottom - top] + [left, top]
        return np.stack([corners[2:4].mean(axis=0), corners[0:2].mean(axis=0)])


def chip_template(spec: AlignmentSpec, size: int) -> NDArray[np.float64]:
    """(p, 2): where the landmarks come to lie in a chip, in pixels."""
    return (np.array(spec.template) + spec.padding) / (1 + 2 * spec.padding) * size


def cut_chip(
    picture: Picture, points: NDArray[np.floating], template: NDArray[np.float64], size: int, fit: str
) -> NDArray[np.uint8]:
    """(size, size, 3): the part of the picture whose (p, 2) landmarks `points` come onto `template`."""
    if fit == "points":
        return warp(picture, similarity(points, template), size)
    return warp(picture, _chip_of(points, template, size), size, halving_shift=_DLIB_HALVING_SHIFT)


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> Similarity:
    """The similarity that brings the (n, 2) points `source` nearest to `target`, in least squares.

    In the plane Umeyama's solution without mirroring is one division of complex numbers. Points that all coincide
    give neither turn nor scale: then it only shifts.
    """
    sources, targets = source @ _PLANE, target @ _PLANE
    source_mean, target_mean = complex(sources.mean()), complex(targets.mean())
    sources, targets = sources - source_mean, targets - target_mean
    spread = float(np.vdot(sources, sources).real)
    turn = 1 + 0j
    if spread > _POINT and np.abs(targets).sum() > _POINT:
        turn = complex(np.vdot(sources, targets)) / spread
    return Similarity(turn, target_mean - turn * source_mean)


def warp(picture: Picture, onto: Similarity, size: int, halving_shift: complex = 0) -> NDArray[np.uint8]:
    """(size, size, 3): what `onto` maps of the picture into the square, black where there is no picture.

    While the picture's scale is more than twice the square's, its part is halved first, smoothed by [1 4 6 4 1]/16:
    plain sampling would skip pixels.
    """
    part, onto = _part_of(picture, onto, size)
    while abs(onto.turn) < 0.5:
        part = np.asarray(cv2.pyrDown(part), np.uint8)
        turn = onto.turn * 2
        onto = Similarity(turn, onto.shift + turn * halving_shift)
    return np.asarray(cv2.warpAffine(part, onto.matrix, (size, size), flags=cv2.INTER_LINEAR), np.uint8)


def _chip_of(points: NDArray[np.floating], template: NDArray[np.floating], size: int) -> Similarity:
    """What maps the picture onto a chip of `size` pixels so that `points` come onto `template`, as dlib does it.

    The fit is from the template to the points (noise in the points would shrink the other direction's scale), and a
    chip spans the distance between its first and its last pixel's centre. The embedder was trained on such chips:
    half a pixel off costs .001 of cosine.
    """
    fitted = similarity(template, points)
    spread = abs(fitted.turn) * size
    narrowed = (spread - 1) / (size - 1) * size / spread if spread > 2 else 1.0
    centre = fitted.turn * (1 + 1j) * size / 2 + fitted.shift
    back = 1 / (fitted.turn * narrowed)
    return Similarity(back, (1 + 1j) * (size - 1) / 2 - back * centre)


def _part_of(picture: Picture, onto: Similarity, size: int) -> tuple[Picture, Similarity]:
    """The part of the picture that the square shows, with a margin for smoothing, and `onto` for that part."""
    corners = [(corner - onto.shift) / onto.turn for corner in (0, size, 1j * size, (1 + 1j) * size)]
    across, down = [corner.real for corner in corners], [corner.imag for corner in corners]
    margin = 4 * ((max(across) - min(across)) / size + 1)
    left, right = _within(min(across) - margin, max(across) + margin, picture.shape[1])
    top, bottom = _within(min(down) - margin, max(down) + margin, picture.shape[0])
    return picture[top:bottom, left:right], Similarity(onto.turn, onto.shift + onto.turn * complex(left, top))


def _within(start: float, end: float, length: int) -> tuple[int, int]:
    """The pixels from `start` to `end` of so many, at least one."""
    first = min(max(math.floor(start), 0), length - 1)
    return first, max(min(max(math.ceil(end), 1), length), first + 1)
