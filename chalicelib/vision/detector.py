"""Finds faces: what every detector does, and which one a pack declares."""

from typing import Protocol

from chalicelib.vision.decode import Picture
from chalicelib.vision.faces import Face
from chalicelib.vision.mtcnn import Mtcnn
from chalicelib.vision.pack import Pack
from chalicelib.vision.specs import MtcnnSpec
from chalicelib.vision.yunet import Yunet


class Detector(Protocol):
    def detect(self, picture: Picture, min_face: int = 40) -> list[Face]:
        """The faces of an (h, w, 3) uint8 RGB picture, from about `min_face` pixels wide, the largest first."""


def open_detector(pack: Pack) -> Detector:
    """The detector that the pack declares."""
    spec = pack.detector
    return Mtcnn(pack, spec) if isinstance(spec, MtcnnSpec) else Yunet(pack, spec)
