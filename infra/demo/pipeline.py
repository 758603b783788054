"""The real recognition pipeline seen from its two ends, for choosing identities and measuring thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.sightings import Box
from chalicelib.vision.alignment import Aligner
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.detector import open_detector
from chalicelib.vision.embedder import Embedder
from chalicelib.vision.pack import load_pack
from chalicelib.vision.quality import measure, reasons
from infra.demo.scenes import Placed, same_place

Embeddings = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SeenFace:
    """embedding: (dimension,) float32, unit norm. usable: good enough to enrol from."""

    box: Box
    embedding: Embeddings
    usable: bool


class Pipeline:
    """Detector, aligner and embedder of one pack."""

    def __init__(self, pack_directory: Path) -> None:
        pack = load_pack(pack_directory)
        self._detector, self._aligner, self._embedder = open_detector(pack), Aligner(pack), Embedder(pack)

    def faces(self, jpeg: bytes) -> list[SeenFace]:
        """Every face of a picture."""
        picture = decode_picture(jpeg)
        found = self._detector.detect(picture)
        embeddings = self._embedder.embed(self._aligner.chips(picture, found))
        return [
            SeenFace(face.box, embedding, not reasons(measure(picture, face)))
            for face, embedding in zip(found, embeddings, strict=True)
        ]


def face_at(placed: Placed, faces: Sequence[SeenFace]) -> SeenFace | None:
    return next((face for face in faces if same_place(face.box, placed.box)), None)
