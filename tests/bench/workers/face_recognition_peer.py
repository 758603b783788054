"""face_recognition as a worker, as its README uses it; its stages split by dlib's own functions.

`python -m tests.bench.workers.face_recognition_peer`, in an environment that has it.
"""

import io
from importlib.metadata import version
from typing import Any

import dlib
import face_recognition
import numpy as np
import threadpoolctl
from face_recognition import api

from tests.bench import stages
from tests.bench.protocol import Steps, serve

_TOLERANCE = 0.6  # its default
_CHIP_PX, _CHIP_PADDING = 150, 0.25


class FaceRecognition:
    def __init__(self) -> None:
        known = np.random.default_rng(0).standard_normal((stages.ROSTER, 128))
        self._known = 1.4 * known / np.linalg.norm(known, axis=1, keepdims=True)

    def about(self) -> dict[str, Any]:
        kernels = [
            f"{pool['internal_api']} {pool['version']} {pool['architecture']}, {pool['num_threads']} thread"
            for pool in threadpoolctl.threadpool_info()
            if "numpy" not in pool["filepath"] and pool["user_api"] == "blas"
        ]
        return {
            "face_recognition": version("face_recognition"),  # its own __version__ was left behind
            "dlib": dlib.__version__,
            "blas": dlib.DLIB_USE_BLAS,
            "avx": dlib.USE_AVX_INSTRUCTIONS,
            "blas_kernels": kernels,
        }

    def steps(self, jpeg: bytes) -> Steps:
        picture = face_recognition.load_image_file(io.BytesIO(jpeg))
        yield stages.DECODE, 0
        locations = face_recognition.face_locations(picture)
        yield stages.DETECT, len(locations)
        # What face_encodings does in one call: five landmarks, the chip, the net.
        landmarks = api._raw_face_landmarks(picture, locations, "small")
        chips = [dlib.get_face_chip(picture, each, _CHIP_PX, _CHIP_PADDING) for each in landmarks]
        yield stages.ALIGN, len(chips)
        encodings = [np.array(api.face_encoder.compute_face_descriptor(chip)) for chip in chips]
        yield stages.EMBED, len(encodings)
        self._match(encodings)
        yield stages.MATCH, len(encodings)
        yield stages.WHOLE, self._whole(jpeg)

    def embed_largest(self, jpeg: bytes) -> list[float] | None:
        picture = face_recognition.load_image_file(io.BytesIO(jpeg))
        locations = face_recognition.face_locations(picture)
        if not locations:
            return None
        largest = max(locations, key=lambda css: (css[2] - css[0]) * (css[1] - css[3]))
        (encoding,) = face_recognition.face_encodings(picture, [largest])
        return [float(value) for value in encoding]

    def _whole(self, jpeg: bytes) -> int:
        picture = face_recognition.load_image_file(io.BytesIO(jpeg))
        encodings = face_recognition.face_encodings(picture, face_recognition.face_locations(picture))
        self._match(encodings)
        return len(encodings)

    def _match(self, encodings: list[Any]) -> list[int | None]:
        """The nearest person within the tolerance, for each face."""
        found = []
        for encoding in encodings:
            distances = face_recognition.face_distance(self._known, encoding)
            nearest = int(distances.argmin())
            found.append(nearest if distances[nearest] <= _TOLERANCE else None)
        return found


if __name__ == "__main__":
    serve(FaceRecognition())
