"""Exact landmarks in a face's rectangle: an ensemble of regression trees (Kazemi and Sullivan, "One Millisecond Face
Alignment with an Ensemble of Regression Trees", 2014), all faces and all trees of a cascade at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.pack import Pack
from chalicelib.vision.specs import TreesSpec

Points = NDArray[np.float32]
Rectangle = tuple[float, float, float, float]
"""left, top, right, bottom: the first and the last pixel, in pixels."""


@dataclass(frozen=True, eq=False)
class Cascade:
    """One cascade's t trees of s splits, the trees one after the other, and its f features.

    first, second: (t·s,) the features that a split compares. thresholds: (t·s,). leaves: (t·(s + 1), 2p) what a leaf
    adds to the shape. anchors: (f,) the point that a feature hangs on. offsets: (f,) from it, as complex numbers.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    thresholds: NDArray[np.float32]
    leaves: Points
    anchors: NDArray[np.intp]
    offsets: NDArray[np.complex64]


class ShapePredictor:
    """The shape predictor of a pack whose landmarks are of the type `regression-trees`."""

    def __init__(self, pack: Pack, spec: TreesSpec) -> None:
        with np.load(pack.path(spec.file), allow_pickle=False) as file:
            arrays = dict(file)
        self.mean_shape: Points = arrays["mean_shape"]
        """(p, 2) in parts of the rectangle."""
        self._trees, self._splits = arrays["split_thresholds"].shape[1:]
        self._cascades = [_cascade(arrays, place) for place in range(len(arrays["leaves"]))]

    def predict(self, crops: NDArray[np.uint8], rectangle: Rectangle) -> Points:
        """(n, h, w, 3) RGB crops, each with its face in the same `rectangle` → (n, p, 2) pixels, not rounded."""
        grey = _grey(crops)
        corner, size = _corner_and_size(rectangle)
        mean = _complex(self.mean_shape)
        shapes = np.repeat(mean[None], len(crops), axis=0)
        for cascade in self._cascades:
            places = cascade.offsets[:, None] * _turn(mean, shapes)
            places += shapes.T.take(cascade.anchors, axis=0)
            leaves = self._leaves(_intensities(grey, places, corner, size), cascade)
            # One after the other onto the shape, in float32, as in training: another order of rounding sends a feature
            # to a neighbouring pixel now and then, and the trees after it elsewhere.
            added = np.concatenate([shapes.view(np.float32)[None], leaves]).sum(axis=0)
            shapes = added.view(np.complex64)
        return np.stack([shapes.real, shapes.imag], axis=2) * size + corner

    def _leaves(self, features: NDArray[np.int16], cascade: Cascade) -> Points:
        """(t, n, 2p): the leaves that the (f, n) features reach, one in each tree.

        The faces lie innermost, so that a split is decided and a leaf added for all of them in one stride.
        """
        faces = features.shape[1]
        difference = features.take(cascade.first, axis=0)
        difference -= features.take(cascade.second, axis=0)
        is_left = difference > cascade.thresholds[:, None]
        tree = np.arange(self._trees)[:, None] * self._splits
        node = np.zeros((self._trees, faces), np.intp)
        for _ in range(self._splits.bit_length()):
            node = 2 * node + 2 - is_left.take((tree + node) * faces + np.arange(faces))
        leaf = tree + np.arange(self._trees)[:, None] + node - self._splits
        return np.asarray(cascade.leaves.take(leaf, axis=0), np.float32)


def _cascade(arrays: dict[str, NDArray[np.float32]], place: int) -> Cascade:
    pixels = arrays["split_pixels"][place].reshape(-1, 2).astype(np.intp)
    leaves = arrays["leaves"][place]
    return Cascade(
        first=pixels[:, 0].copy(),
        second=pixels[:, 1].copy(),
        thresholds=arrays["split_thresholds"][place].ravel(),
        leaves=leaves.reshape(leaves.shape[0] * leaves.shape[1], -1),
        anchors=arrays["anchors"][place].astype(np.intp),
        offsets=_complex(arrays["offsets"][place]),
    )


def _grey(crops: NDArray[np.uint8]) -> NDArray[np.int16]:
    """(n, h, w, 3) → (n, h + 2, w + 2): the mean of the channels, rounded down, in a frame of zeros."""
    faces, height, width = crops.shape[:3]
    grey = np.zeros((faces, height + 2, width + 2), np.int16)
    inner = grey[:, 1:-1, 1:-1]
    np.add(crops[..., 0], crops[..., 1], out=inner, dtype=np.int16)
    inner += crops[..., 2]
    inner //= 3
    return grey


def _intensities(
    grey: NDArray[np.int16], places: NDArray[np.complex64], corner: Points, size: Points
) -> NDArray[np.int16]:
    """(f, n) intensities of the pixels nearest to the (f, n) places; outside the crop that of its frame, 0."""
    height, width = grey.shape[1:]
    x = np.floor(places.real * size[0] + (corner[0] + np.float32(0.5))).clip(-1, width - 2).astype(np.intp)
    y = np.floor(places.imag * size[1] + (corner[1] + np.float32(0.5))).clip(-1, height - 2).astype(np.intp)
    face = np.arange(len(grey)) * (height * width)
    return np.asarray(grey.take(face + (y + 1) * width + (x + 1)), np.int16)


def _turn(mean: NDArray[np.complex64], shapes: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """(n,) turn and scale from the mean shape to each shape, least squares."""
    source = mean - mean.mean()
    target = shapes - shapes.mean(axis=1, keepdims=True)
    return np.asarray((target * source.conj()).sum(axis=1) / (np.abs(source) ** 2).sum(), np.complex64)


def _complex(points: Points) -> NDArray[np.complex64]:
    return np.asarray(points[..., 0] + 1j * points[..., 1], np.complex64)


def _corner_and_size(rectangle: Rectangle) -> tuple[Points, Points]:
    left, top, right, bottom = rectangle
    return np.array([left, top], np.float32), np.array([right - left, bottom - top], np.float32)
