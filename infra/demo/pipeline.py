"""The real recognition pipeline seen from its two ends, for choosing identities and measuring thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.sightings import Box
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.pack import load_pack
from chalicelib.vision.pipeline import Pipeline as Looking
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
    """The faces that one pack finds in JPEGs."""

    def __init__(self, pack_directory: Path) -> None:
        self._looking = Looking(load_pack(pack_directory))

    def faces(self, jpeg: bytes) -> list[SeenFace]:
        """Every face of a picture."""
        picture = decode_picture(jpeg)
        look = self._looking.look(picture)
        embeddings = self._looking.embed(look.picture, look.faces)
        return [
            SeenFace(face.box, embedding, not reasons(measure(picture, face)))
            for face, embedding in zip(look.faces, embeddings, strict=True)
        ]


def face_at(placed: Placed, faces: Sequence[SeenFace]) -> SeenFace | None:
    return next((face for face in faces if same_place(face.box, placed.box)), None)
