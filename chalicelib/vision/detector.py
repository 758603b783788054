"""Finds faces: what every detector gives, and which one a pack declares."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.sightings import Box
from chalicelib.vision.boxes import Boxes, inside
from chalicelib.vision.decode import Picture
from chalicelib.vision.pack import Pack
from chalicelib.vision.specs import MtcnnSpec

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


class Detector(Protocol):
    def detect(self, picture: Picture, min_face: int = 40) -> list[Face]:
        """The faces of an (h, w, 3) uint8 RGB picture, from about `min_face` pixels wide, the largest first."""


def open_detector(pack: Pack) -> Detector:
    """The detector that the pack declares."""
    from chalicelib.vision.mtcnn import Mtcnn
    from chalicelib.vision.yunet import Yunet

    spec = pack.detector
    return Mtcnn(pack, spec) if isinstance(spec, MtcnnSpec) else Yunet(pack, spec)


def largest_first(picture: Picture, boxes: Boxes, scores: Floats, landmarks: Floats) -> list[Face]:
    """The faces of (n, 4) boxes, cut off at the picture's edges, (n,) scores and (n, 5, 2) landmarks."""
    cut = inside(boxes, picture.shape[1], picture.shape[0])
    faces = [_face(*each) for each in zip(cut, scores, landmarks, strict=True)]
    return sorted(faces, key=lambda face: face.box.width * face.box.height, reverse=True)


def _face(box: Floats, score: np.float32, landmarks: Floats) -> Face:
    left, top, right, bottom = (float(edge) for edge in box)
    return Face(Box(left, top, right - left, bottom - top), landmarks, float(score))
