"""Chips: each face turned upright, scaled and cut out as its embedder was trained to see it.

The chip is warped by the similarity that brings the face's landmarks onto the pack's template (Umeyama, "Least-Squares
Estimation of Transformation Parameters Between Two Point Patterns", 1991). The landmarks are the detector's own, or
a shape predictor finds them in the face warped upright by the detector's eyes. Training and service share this
module, so both see the same chips.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.decode import Picture
from chalicelib.vision.detector import Face
from chalicelib.vision.landmarks import Points, ShapePredictor
from chalicelib.vision.pack import Pack
from chalicelib.vision.specs import AlignmentSpec, TreesSpec

Chips = NDArray[np.uint8]
Similarity = NDArray[np.float64]
"""(2, 3): turns, scales and shifts points; never mirrors."""

_POINT = 1e-9  # points nearer than this coincide
# By how much dlib's pyramid misses the right place at each halving, in the halved picture's pixels.
_DLIB_HALVING_SHIFT = (0.25, -0.25)


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
        return np.stack([_undo(onto, each) for onto, each in zip(upright, points, strict=True)])

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
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    a, b = (source - source_mean) @ [1, 1j], (target - target_mean) @ [1, 1j]
    spread = float((np.abs(a) ** 2).sum())
    ratio = complex((b * a.conj()).sum()) / spread if spread > _POINT and np.abs(b).sum() > _POINT else 1 + 0j
    turn = np.array([[ratio.real, -ratio.imag], [ratio.imag, ratio.real]])
    return np.column_stack([turn, target_mean - turn @ source_mean])


def warp(
    picture: Picture, onto: Similarity, size: int, halving_shift: tuple[float, float] = (0.0, 0.0)
) -> NDArray[np.uint8]:
    """(size, size, 3): what `onto` maps of the picture into the square, black where there is no picture.

    While the picture's scale is more than twice the square's, its part is halved first, smoothed by [1 4 6 4 1]/16:
    plain sampling would skip pixels.
    """
    part, onto = _part_of(picture, onto, size)
    while np.linalg.det(onto[:, :2]) < 0.25:
        part = np.asarray(cv2.pyrDown(part), np.uint8)
        turn = onto[:, :2] * 2
        onto = np.column_stack([turn, onto[:, 2] + turn @ halving_shift])
    return np.asarray(cv2.warpAffine(part, onto, (size, size), flags=cv2.INTER_LINEAR), np.uint8)


def _chip_of(points: NDArray[np.floating], template: NDArray[np.floating], size: int) -> Similarity:
    """What maps the picture onto a chip of `size` pixels so that `points` come onto `template`, as dlib does it.

    The fit is from the template to the points (noise in the points would shrink the other direction's scale), and a
    chip spans the distance between its first and its last pixel's centre. The embedder was trained on such chips:
    half a pixel off costs .001 of cosine.
    """
    fitted = similarity(template, points)
    spread = np.sqrt(np.linalg.det(fitted[:, :2])) * size
    narrowed = (spread - 1) / (size - 1) * size / spread if spread > 2 else 1.0
    turn = fitted[:, :2] * narrowed
    centre = fitted[:, :2] @ [size / 2, size / 2] + fitted[:, 2]
    back = np.linalg.inv(turn)
    return np.column_stack([back, (size - 1) / 2 - back @ centre])


def _part_of(picture: Picture, onto: Similarity, size: int) -> tuple[Picture, Similarity]:
    """The part of the picture that the square shows, with a margin for smoothing, and `onto` for that part."""
    corners = _undo(onto, np.array([[0, 0], [size, 0], [0, size], [size, size]]))
    margin = 4 * (np.ptp(corners[:, 0]) / size + 1)
    limit = np.array([picture.shape[1], picture.shape[0]])
    left, top = np.clip(np.floor(corners.min(axis=0) - margin), 0, limit - 1).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=0) + margin), 1, limit).astype(int)
    shift = onto[:, 2] + onto[:, :2] @ [left, top]
    return picture[top : max(bottom, top + 1), left : max(right, left + 1)], np.column_stack(
        [onto[:, :2], shift]
    )


def _undo(onto: Similarity, points: NDArray[np.floating]) -> Points:
    """Where in the source the (n, 2) points come from."""
    return np.asarray(np.linalg.solve(onto[:, :2], (points - onto[:, 2]).T).T, np.float32)
