"""The peers' environments: one each below build/peers, made once: `python -m tests.bench.environments NAME …`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PEERS = HERE.parents[1] / "build" / "peers"
_WHEELS = PEERS / "wheels"
_TOOLS = {"g++": "g++", "cmake": "cmake", "pkg-config": "pkg-config"}  # command: Debian package


@dataclass(frozen=True)
class Environment:
    """`needs_dependencies`: whether pip may install what the pinned requirements need in turn."""

    name: str
    requirements: Path
    command: str
    needs_dependencies: bool = False

    @property
    def home(self) -> Path:
        return PEERS / self.name

    @property
    def python(self) -> Path:
        return self.home / "bin" / "python"

    @property
    def is_built(self) -> bool:
        """Built, and from the requirements as they are now."""
        marker = self.home / ".installed"
        return marker.exists() and marker.read_text() == self.wanted()

    def build(self) -> None:
        """Takes a minute or so; the one with BLAS half an hour or more the first time, as dlib is compiled."""
        if self.is_built:
            print(f"{self.name} is built.")
            return
        if self is DLIB_BLAS:
            compile_dlib()
        print(f"Installing {self.requirements.name} into {self.home} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", self.home], check=True)
        options = [] if self.needs_dependencies else ["--no-deps"]
        if self is DLIB_BLAS:
            options += ["--find-links", str(_WHEELS)]
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *options, "--only-binary", "dlib", "-r", str(self.requirements)], check=True)
        (self.home / ".installed").write_text(self.wanted())

    def wanted(self) -> str:
        """The requirements, included files and all."""
        lines = self.requirements.read_text().splitlines()
        included = [HERE / line.split()[1] for line in lines if line.startswith("-r ")]
        return "\n".join([*lines, *(path.read_text() for path in included)])


FACE_RECOGNITION = Environment("face_recognition", HERE / "requirements-dlib-wheel.txt", "make bench-peers")
DLIB_BLAS = Environment("dlib-blas", HERE / "requirements-dlib-blas.txt", "make bench-blas")
MTCNN = Environment("mtcnn", HERE / "requirements-mtcnn.txt", "make bench-peers", needs_dependencies=True)
ENVIRONMENTS = {each.name: each for each in (FACE_RECOGNITION, DLIB_BLAS, MTCNN)}


def compile_dlib() -> None:
    """A wheel of dlib with OpenBLAS, AVX2 and FMA, below build/peers/wheels. Exits, saying what is missing."""
    (requirement,) = (
        line.split()[0]
        for line in DLIB_BLAS.requirements.read_text().splitlines()
        if line.startswith("dlib==")
    )
    if list(_WHEELS.glob(f"dlib-{requirement.removeprefix('dlib==')}-*.whl")):
        return
    missing = [package for tool, package in _TOOLS.items() if not shutil.which(tool)]
    if (
        "pkg-config" in missing
        or subprocess.run(["pkg-config", "--exists", "openblas"], check=False).returncode
    ):
        missing.append("libopenblas-dev")
    if missing:
        sys.exit(f"dlib with BLAS needs: sudo apt-get install {' '.join(missing)}")
    print(
        f"Compiling {requirement} on one core, with the least priority: half an hour or more …",
        flush=True,
    )
    # dlib's own build finds OpenBLAS and AVX; AVX2 and FMA must be asked for, as the packages' users would.
    settings = os.environ | {"CXXFLAGS": "-mavx2 -mfma"}
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-binary", "dlib"]
    subprocess.run(
        [*wheel, "--wheel-dir", _WHEELS, requirement], env=settings, check=True, preexec_fn=_stay_behind
    )


def _stay_behind() -> None:
    os.nice(19)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main(names: Sequence[str]) -> None:
    for name in names:
        ENVIRONMENTS[name].build()


if __name__ == "__main__":
    main(sys.argv[1:])
