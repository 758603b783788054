"""The floor under our own time: the same frame's ONNX nets alone, on inputs that are ready, and the JPEG decoder.

What a whole frame takes beyond it is our numpy and OpenCV code: `python -m tests.bench.workers.kernels PACK_DIRECTORY`.
"""

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from chalicelib.vision.pack import load_pack
from chalicelib.vision.recogniser import Recogniser
from tests.bench import stages
from tests.bench.protocol import Steps, serve
from tests.bench.roster import gallery


class Recording(onnxruntime.InferenceSession):  # type: ignore[misc]
    """A session that remembers how it was run."""

    def run(self, outputs: list[str], inputs: dict[str, Any], run_options: Any = None) -> Any:
        _calls.append((self, outputs, inputs))
        return super().run(outputs, inputs, run_options)

    def run_alone(self, outputs: list[str], inputs: dict[str, Any]) -> None:
        super().run(outputs, inputs)


_calls: list[tuple[Recording, list[str], dict[str, Any]]] = []


class Kernels:
    def __init__(self, pack_directory: Path) -> None:
        # Here, in a process of its own, every session that any code opens is one that remembers: whatever nets the
        # pack has, and however the pipeline calls them.
        onnxruntime.InferenceSession = Recording
        pack = load_pack(pack_directory)
        self._recogniser = Recogniser(pack)
        self._gallery = gallery(self._recogniser, pack, 1)
        self._frame, self._found = b"", 0

    def about(self) -> dict[str, Any]:
        return {"onnxruntime": onnxruntime.__version__}

    def steps(self, jpeg: bytes) -> Steps:
        """Records a frame that is new; that is done here and not in the generator, whose time is taken."""
        if jpeg != self._frame:
            _calls.clear()
            self._frame, self._found = jpeg, len(self._recogniser.recognise(jpeg, self._gallery).sightings)
        return self._replay()

    def _replay(self) -> Steps:
        cv2.imdecode(np.frombuffer(self._frame, np.uint8), cv2.IMREAD_COLOR_RGB)
        for session, outputs, inputs in _calls:
            session.run_alone(outputs, inputs)
        yield stages.WHOLE, self._found


if __name__ == "__main__":
    serve(Kernels(Path(sys.argv[1])))
