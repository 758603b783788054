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
        grey = crops.sum(axis=3, dtype=np.int32) // 3
        corner, size = _corner_and_size(rectangle)
        mean = _complex(self.mean_shape)
        shapes = np.repeat(mean[None], len(crops), axis=0)
        for cascade in self._cascades:
            turned = cascade.offsets * _turn(mean, shapes)[:, None]
            places = turned + shapes[:, cascade.anchors]
            leaves = self._leaves(_intensities(grey, places, corner, size), cascade)
            # One after the other onto the shape, in float32, as in training: another order of rounding sends a feature
            # to a neighbouring pixel now and then, and the trees after it elsewhere.
            added = np.concatenate([shapes.view(np.float32)[:, None], leaves], axis=1).sum(axis=1)
            shapes = added.view(np.complex64)
        return np.stack([shapes.real, shapes.imag], axis=2) * size + corner

    def _leaves(self, features: NDArray[np.int32], cascade: Cascade) -> Points:
        """(n, t, 2p): the leaves that the features reach, one in each tree."""
        tree = np.arange(self._trees) * self._splits
        face = np.arange(len(features))[:, None] * features.shape[1]
        node = np.zeros((len(features), self._trees), np.intp)
        for _ in range(self._splits.bit_length()):
            split = tree + node
            difference = features.take(face + cascade.first.take(split))
            difference -= features.take(face + cascade.second.take(split))
            node = 2 * node + 2 - (difference > cascade.thresholds.take(split))
        leaf = tree + np.arange(self._trees) + node - self._splits
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


def _intensities(
    grey: NDArray[np.int32], places: NDArray[np.complex64], corner: Points, size: Points
) -> NDArray[np.int32]:
    """(n, f) intensities of the nearest pixels; 0 outside the crop."""
    x = np.floor(places.real * size[0] + (corner[0] + np.float32(0.5))).astype(np.intp)
    y = np.floor(places.imag * size[1] + (corner[1] + np.float32(0.5))).astype(np.intp)
    height, width = grey.shape[1:]
    within = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    face = np.arange(len(grey))[:, None] * (height * width)
    return np.where(within, grey.take(np.where(within, face + y * width + x, 0)), 0)


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
