"""Our pipeline as a worker: `python -m tests.bench.workers.ours PACK_DIRECTORY`."""

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from chalicelib.vision.alignment import Aligner
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.detector import open_detector
from chalicelib.vision.embedder import Embedder
from chalicelib.vision.matching import match
from chalicelib.vision.pack import load_pack
from chalicelib.vision.recogniser import Recogniser
from tests.bench import stages
from tests.bench.protocol import Steps, serve
from tests.bench.roster import gallery


class Ours:
    def __init__(self, pack_directory: Path) -> None:
        self._pack = load_pack(pack_directory)
        self._detector = open_detector(self._pack)
        self._aligner, self._embedder = Aligner(self._pack), Embedder(self._pack)
        self._recogniser = Recogniser(self._pack)
        self._gallery = gallery(self._recogniser, self._pack, stages.ROSTER)
        self._operating = self._pack.thresholds.operating(stages.ROSTER, normalised=self._gallery.normalises)

    def about(self) -> dict[str, Any]:
        versions = {
            "numpy": np.__version__,
            "opencv": cv2.__version__,
            "onnxruntime": onnxruntime.__version__,
        }
        return {"pack": self._pack.name, "model_id": self._pack.model_id} | versions

    def steps(self, jpeg: bytes) -> Steps:
        picture = decode_picture(jpeg)
        yield stages.DECODE, 0
        faces = self._detector.detect(picture, stages.MIN_FACE_PX)
        yield stages.DETECT, len(faces)
        chips = self._aligner.chips(picture, faces)
        yield stages.ALIGN, len(faces)
        embeddings = self._embedder.embed(chips)
        yield stages.EMBED, len(faces)
        match(embeddings, self._gallery, self._operating, stranger_share=0.1)
        yield stages.MATCH, len(faces)
        yield stages.WHOLE, len(self._recogniser.recognise(jpeg, self._gallery).sightings)
        yield stages.DETECT_SMALLER, len(self._detector.detect(picture, stages.SMALLER_MIN_FACE_PX))

    def embed_largest(self, jpeg: bytes) -> list[float] | None:
        picture = decode_picture(jpeg)
        largest = self._detector.detect(picture, stages.MIN_FACE_PX)[:1]
        embeddings = self._embedder.embed(self._aligner.chips(picture, largest))
        return embeddings[0].tolist() if largest else None


if __name__ == "__main__":
    serve(Ours(Path(sys.argv[1])))
