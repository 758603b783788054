"""From pixels to faces and embeddings: a pack's nets in their order. Service and training see by this."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.alignment import Aligner
from chalicelib.vision.decode import Picture
from chalicelib.vision.detector import Detector, open_detector
from chalicelib.vision.embedder import Embedder
from chalicelib.vision.faces import Face
from chalicelib.vision.pack import Pack

DARK_LUMA = 40.0
"""Mean luma, 0..255, below which a picture is also looked at brightened: above it, more faces are lost by that than
found. `python -m training.ablate` measures it."""
_BRIGHTENED_LUMA = 0.45


@dataclass(frozen=True, eq=False)
class Look:
    """The faces of one picture, the largest first, and the picture they were found in: as it is, or brightened."""

    picture: Picture
    faces: list[Face]


class Pipeline:
    """Builds its nets at the first picture: a function that only answers for its model's id loads none.

    Raises PackRefused then, before a face is met, if the embedder is not as declared.
    """

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def look(self, picture: Picture, *, brighten: bool = True) -> Look:
        """Every face. A dark picture is looked at twice, the second time brightened; more faces win."""
        faces = self._detector.detect(picture)
        if brighten and _luma(picture) < DARK_LUMA:
            brightened = _brightened(picture)
            more = self._detector.detect(brightened)
            if len(more) > len(faces):
                return Look(brightened, more)
        return Look(picture, faces)

    def embed(
        self, picture: Picture, faces: Sequence[Face], *, to_enrol: bool = False
    ) -> NDArray[np.float32]:
        """(n, dimension) float32, unit norm, in the order of the faces: of a frame, or for a template."""
        if not faces:
            return np.empty((0, self._pack.embedder.dimension), np.float32)
        chips = self._aligner.chips(picture, list(faces))
        return self._embedder.embed_to_enrol(chips) if to_enrol else self._embedder.embed(chips)

    @cached_property
    def _detector(self) -> Detector:
        _ = self._embedder  # refused now, or not at all
        return open_detector(self._pack)

    @cached_property
    def _aligner(self) -> Aligner:
        return Aligner(self._pack)

    @cached_property
    def _embedder(self) -> Embedder:
        return Embedder(self._pack)


def _luma(picture: Picture) -> float:
    """The mean of a thumbnail: of 25 million pixels the true mean costs as much as finding a face."""
    step = max(1, min(picture.shape[:2]) // 64)
    return float(picture[::step, ::step].mean())


def _brightened(picture: Picture) -> Picture:
    """By the power law that brings its mean to .45 of white; noise grows with it, so only the dark are brightened."""
    mean = min(max(_luma(picture) / 255, 1 / 255), 0.99)
    curve = (np.arange(256) / 255) ** (np.log(_BRIGHTENED_LUMA) / np.log(mean))
    return np.asarray(cv2.LUT(picture, (255 * curve).astype(np.uint8)), np.uint8)
