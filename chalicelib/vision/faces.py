"""A face as every detector gives it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.sightings import Box
from chalicelib.vision.boxes import Boxes, inside
from chalicelib.vision.decode import Picture

MOST_FACES = 200
"""A class has forty faces; a picture tiled with thousands is made to exhaust us."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Face:
    """landmarks: (5, 2) float32, pixels of the picture: image-left eye, image-right eye, nose, image-left and
    image-right corner of the mouth. score: how sure the detector is that it is a face, 0..1.
    """

    box: Box
    landmarks: Floats
    score: float


def largest_first(picture: Picture, boxes: Boxes, scores: Floats, landmarks: Floats) -> list[Face]:
    """The faces of (n, 4) boxes, cut off at the picture's edges, (n,) scores and (n, 5, 2) landmarks."""
    cut = inside(boxes, picture.shape[1], picture.shape[0])
    faces = [_face(*each) for each in zip(cut, scores, landmarks, strict=True)]
    return sorted(faces, key=lambda face: face.box.width * face.box.height, reverse=True)


def _face(box: Floats, score: np.float32, landmarks: Floats) -> Face:
    left, top, right, bottom = (float(edge) for edge in box)
    return Face(Box(left, top, right - left, bottom - top), landmarks, float(score))
