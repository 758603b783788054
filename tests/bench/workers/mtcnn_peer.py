"""The mtcnn package as a worker: it only detects. `python -m tests.bench.workers.mtcnn_peer`, where it is installed."""

from importlib.metadata import version
from typing import Any

import tensorflow as tf
from mtcnn import MTCNN
from mtcnn.utils.images import load_image

from tests.bench import stages
from tests.bench.protocol import Steps, serve


class MtcnnPackage:
    def __init__(self) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self._cascade = MTCNN()

    def about(self) -> dict[str, Any]:
        return {"mtcnn": version("mtcnn"), "tensorflow": tf.__version__}

    def steps(self, jpeg: bytes) -> Steps:
        picture = load_image(jpeg)
        yield stages.DECODE, 0
        found = self._cascade.detect_faces(picture, min_face_size=stages.SMALLER_MIN_FACE_PX)
        yield stages.DETECT_SMALLER, len(found)


if __name__ == "__main__":
    serve(MtcnnPackage())
