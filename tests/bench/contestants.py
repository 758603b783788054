"""Who is measured, and their worker processes. All run under the same rules: one thread, and no BLAS told by the
environment which processor to believe in.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.bench.environments import DLIB_BLAS, FACE_RECOGNITION, MTCNN, Environment

ROOT = Path(__file__).parents[2]
OURS = "ours"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_DROPPED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


@dataclass(frozen=True)
class Contestant:
    """`environment`: None for our own. `arguments`: of the worker module."""

    label: str
    module: str
    arguments: tuple[str, ...] = ()
    environment: Environment | None = None

    def command(self) -> list[str]:
        python = self.environment.python if self.environment else sys.executable
        return [str(python), "-m", f"tests.bench.workers.{self.module}", *self.arguments]


FACE_RECOGNITION_PEERS = (
    Contestant("face_recognition, dlib with BLAS and AVX2", "face_recognition_peer", environment=DLIB_BLAS),
    Contestant(
        "face_recognition, dlib wheel without BLAS", "face_recognition_peer", environment=FACE_RECOGNITION
    ),
)
PEERS = (*FACE_RECOGNITION_PEERS, Contestant("mtcnn package", "mtcnn_peer", environment=MTCNN))


def ours(pack_directory: Path) -> Contestant:
    return Contestant(OURS, "ours", (str(pack_directory),))


def kernels(pack_directory: Path) -> Contestant:
    return Contestant("bare kernels + decode", "kernels", (str(pack_directory),))


def built(peers: tuple[Contestant, ...]) -> list[Contestant]:
    """Those whose environment is there; tells of the others how to make it."""
    ready = []
    for peer in peers:
        if peer.environment is None or peer.environment.is_built:
            ready.append(peer)
        else:
            print(f"Without {peer.label}: not built ({peer.environment.command}).", file=sys.stderr)
    return ready


def rules() -> dict[str, str]:
    """The environment of every process that is measured."""
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONWARNINGS": "ignore"}
    return kept | dict.fromkeys(_THREADS, "1") | quiet


class Process:
    """A contestant's worker, from its start to the end of the `with`."""

    def __init__(self, contestant: Contestant) -> None:
        self.label = contestant.label
        self._worker = subprocess.Popen(
            contestant.command(),
            cwd=ROOT,
            env=rules(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Process":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.communicate()

    def about(self) -> dict[str, Any]:
        """Versions and settings."""
        return dict(self._ask({"do": "about"}))

    def passes(self, jpeg: bytes, seconds: float) -> list[Mapping[str, Mapping[str, float]]]:
        """One visit: each stage's `ms` and `found`, for as many passes as fit into `seconds`, at least one."""
        return list(self._ask({"do": "time", "jpeg": _text(jpeg), "seconds": seconds})["passes"])

    def embed_largest(self, jpeg: bytes) -> list[float] | None:
        """The embedding of the largest face, None if no face is found."""
        answer: list[float] | None = self._ask({"do": "embed", "jpeg": _text(jpeg)})["embedding"]
        return answer

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self._worker.stdin
        assert self._worker.stdout
        self._worker.stdin.write(json.dumps(question) + "\n")
        self._worker.stdin.flush()
        answer = self._worker.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.label} ended with {self._worker.wait()}; its reason is above.")
        return dict(json.loads(answer))


def _text(jpeg: bytes) -> str:
    return base64.b64encode(jpeg).decode()
