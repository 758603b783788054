"""dlib's shape predictor as plain arrays: an ensemble of regression trees (Kazemi and Sullivan, "One Millisecond
Face Alignment with an Ensemble of Regression Trees", 2014).
"""

import numpy as np

from layers.packs.dlib_format import DlibReader
from layers.packs.npz import npz_bytes


def convert_landmarks(content: bytes) -> bytes:
    """The bytes of `shape_predictor_5_face_landmarks.dat` → those of `landmarks.npz`."""
    return npz_bytes(read_shape_predictor(content, "shape_predictor_5_face_landmarks.dat"))


def read_shape_predictor(content: bytes, name: str = "shape predictor") -> dict[str, np.ndarray]:
    """For c cascades of t trees with s splits and s + 1 leaves, f features a cascade and p points:

    mean_shape (p, 2); split_pixels (c, t, s, 2) which two features a split compares; split_thresholds (c, t, s);
    leaves (c, t, s + 1, p, 2) what a leaf adds to the shape; anchors (c, f) the point a feature hangs on; offsets
    (c, f, 2) from it, in parts of the face's rectangle. Raises PackRefused where the bytes are not a predictor.
    """
    reader = DlibReader(content, name)
    reader.expect(1, "version of the shape predictor")
    mean_shape = reader.matrix().reshape(-1, 2)
    cascades = reader.sequence(lambda: reader.sequence(lambda: _read_tree(reader)))
    anchors = reader.sequence(lambda: reader.sequence(reader.integer))
    offsets = reader.sequence(lambda: reader.sequence(lambda: (reader.number(), reader.number())))
    reader.end()
    splits = np.array([[[split[:2] for split in tree[0]] for tree in trees] for trees in cascades])
    thresholds = [[[split[2] for split in tree[0]] for tree in trees] for trees in cascades]
    leaves = np.array([[tree[1] for tree in trees] for trees in cascades], np.float32)
    return {
        "mean_shape": mean_shape,
        "split_pixels": splits.astype(np.int16),
        "split_thresholds": np.array(thresholds, np.float32),
        "leaves": leaves.reshape(*leaves.shape[:3], -1, 2),
        "anchors": np.array(anchors, np.uint8),
        "offsets": np.array(offsets, np.float32),
    }


_Split = tuple[int, int, float]


def _read_tree(reader: DlibReader) -> tuple[list[_Split], list[np.ndarray]]:
    splits = reader.sequence(lambda: (reader.integer(), reader.integer(), reader.number()))
    return splits, reader.sequence(reader.matrix)
