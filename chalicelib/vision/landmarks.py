"""Exact landmarks in a face's rectangle: an ensemble of regression trees (Kazemi and Sullivan, "One Millisecond Face
Alignment with an Ensemble of Regression Trees", 2014), all faces and all trees of a cascade at once.
"""

import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.pack import Pack

Points = NDArray[np.float32]
Rectangle = tuple[float, float, float, float]
"""left, top, right, bottom: the first and the last pixel, in pixels."""


class ShapePredictor:
    """The shape predictor of a pack; its arrays are described where they are built, in layers/packs."""

    def __init__(self, pack: Pack) -> None:
        with np.load(pack.path(pack.landmarks.file), allow_pickle=False) as arrays:
            self.mean_shape: Points = arrays["mean_shape"]
            """(p, 2) in parts of the rectangle."""
            self._pixels = arrays["split_pixels"].astype(np.intp)
            self._thresholds = arrays["split_thresholds"]
            self._leaves = arrays["leaves"]
            self._anchors = arrays["anchors"].astype(np.intp)
            self._offsets = arrays["offsets"]

    def predict(self, crops: NDArray[np.uint8], rectangle: Rectangle) -> Points:
        """(n, h, w, 3) RGB crops, each with its face in the same `rectangle` → (n, p, 2) pixels, not rounded."""
        grey = crops.sum(axis=3, dtype=np.int32) // 3
        shapes = np.repeat(self.mean_shape[None], len(crops), axis=0)
        for cascade in range(len(self._leaves)):
            features = self._features(grey, shapes, rectangle, cascade)
            shapes += self._step(features, cascade)
        corner, size = np.array(rectangle[:2], np.float32), _size(rectangle)
        return np.asarray(shapes * size + corner, np.float32)

    def _features(
        self, grey: NDArray[np.int32], shapes: Points, rectangle: Rectangle, cascade: int
    ) -> NDArray[np.int32]:
        """(n, f) intensities, read around the current shape and turned and scaled with it; 0 outside the crop."""
        turned = _turned(self._offsets[cascade], _similarity(self.mean_shape, shapes))
        places = (turned + shapes[:, self._anchors[cascade]]) * _size(rectangle) + rectangle[:2]
        x, y = np.moveaxis(np.floor(places + 0.5).astype(np.intp), 2, 0)
        height, width = grey.shape[1:]
        within = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        face = np.arange(len(grey))[:, None]
        intensities = grey[face, np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
        return np.where(within, intensities, 0)

    def _step(self, features: NDArray[np.int32], cascade: int) -> Points:
        """(n, p, 2): the sum of the leaves that the features reach, one in each tree."""
        pixels, thresholds, leaves = self._pixels[cascade], self._thresholds[cascade], self._leaves[cascade]
        trees, splits = thresholds.shape
        tree = np.arange(trees)
        node = np.zeros((len(features), trees), np.intp)
        for _ in range(splits.bit_length()):
            first, second = np.moveaxis(pixels[tree, node], 2, 0)
            difference = np.take_along_axis(features, first, 1) - np.take_along_axis(features, second, 1)
            node = 2 * node + np.where(difference > thresholds[tree, node], 1, 2)
        return np.asarray(leaves[tree, node - splits].sum(axis=1), np.float32)


def _similarity(mean_shape: Points, shapes: Points) -> NDArray[np.complex64]:
    """(n,) turn and scale from the mean shape to each shape, least squares, as complex numbers."""
    source = _complex(mean_shape - mean_shape.mean(axis=0))
    target = _complex(shapes - shapes.mean(axis=1, keepdims=True))
    return np.asarray((target * source.conj()).sum(axis=1) / (np.abs(source) ** 2).sum(), np.complex64)


def _turned(offsets: Points, similarity: NDArray[np.complex64]) -> Points:
    """(n, f, 2): the (f, 2) offsets turned and scaled by each similarity."""
    turned = _complex(offsets)[None] * similarity[:, None]
    return np.stack([turned.real, turned.imag], axis=2)


def _complex(points: Points) -> NDArray[np.complex64]:
    return np.asarray(points[..., 0] + 1j * points[..., 1], np.complex64)


def _size(rectangle: Rectangle) -> Points:
    left, top, right, bottom = rectangle
    return np.array([right - left, bottom - top], np.float32)
