"""A model pack: a folder of nets and one pack.json that says how to use them, with every file's sha256."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.domain.canonical import fingerprint
from chalicelib.domain.errors import PackRefused
from chalicelib.vision.specs import (
    AlignmentSpec,
    DetectorSpec,
    EmbedderSpec,
    LandmarksSpec,
    alignment_of,
    detector_of,
    embedder_of,
    landmarks_of,
)
from chalicelib.vision.thresholds import Thresholds, thresholds_of

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped,unused-ignore]

__all__ = [
    "DECLARATION",
    "FORMAT",
    "NOT_UNDERSTOOD",
    "Pack",
    "Thresholds",
    "load_pack",
    "model_id_of",
    "open_session",
    "read_declaration",
    "session_on",
    "write_declaration",
]

DECLARATION = "pack.json"
FORMAT = 1

# What reading a declaration of the wrong shape raises; the last two: Infinity as a size, JSON nested without end.
NOT_UNDERSTOOD = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Pack:
    """A verified pack. `model_id` changes with any file, any setting and any threshold."""

    directory: Path
    name: str
    version: str
    model_id: str
    detector: DetectorSpec
    landmarks: LandmarksSpec
    alignment: AlignmentSpec
    embedder: EmbedderSpec
    thresholds: Thresholds
    licences: Mapping[str, str]

    def path(self, file: str) -> Path:
        return self.directory / file


def load_pack(directory: Path) -> Pack:
    """Reads and verifies a pack. Raises PackRefused if a file is missing or changed, or a declaration is not known."""
    declaration = read_declaration(directory)
    try:
        expected = {name: str(declared["sha256"]) for name, declared in declaration["files"].items()}
        pack = _pack_of(directory, declaration)
        undeclared = [used for used in _files_used(pack) if used not in expected]
    except NOT_UNDERSTOOD as error:
        raise PackRefused(f"{directory / DECLARATION}: {type(error).__name__}: {error}") from error
    if undeclared:
        raise PackRefused(f"{directory / DECLARATION}: {undeclared[0]!r} is not among its files")
    for name, sha256 in expected.items():
        _verify(directory, name, sha256)
    return pack


def read_declaration(directory: Path) -> dict[str, Any]:
    """The content of pack.json, whose files are not verified yet. Raises PackRefused."""
    path = directory / DECLARATION
    try:
        declaration = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise PackRefused(f"{path} is missing: is the pack built? (make pack)") from error
    except (ValueError, RecursionError) as error:
        raise PackRefused(f"{path} is not JSON: {error}") from error
    found = declaration.get("format") if isinstance(declaration, dict) else None
    if found != FORMAT:
        raise PackRefused(f"{path}: format {found!r} is not known, expected {FORMAT}")
    if not isinstance(declaration.get("files"), dict):
        raise PackRefused(f"{path} declares no files")
    return dict(declaration)


def write_declaration(declaration: Mapping[str, Any]) -> str:
    """The text of a pack.json."""
    return json.dumps(declaration, indent=2, ensure_ascii=False) + "\n"


def model_id_of(declaration: Mapping[str, Any]) -> str:
    """The name and the fingerprint of the declaration."""
    return f"{declaration['name']}-{fingerprint(declaration)}"


def open_session(pack: Pack, file: str) -> "InferenceSession":
    """A session on one of the pack's nets."""
    return session_on(str(pack.path(file)))


def session_on(net: str | bytes) -> "InferenceSession":
    """A session on a net, by its path or content. One thread: a Lambda of this size has one core to give.

    All of the runtime's optimisations: the blocked convolutions are 1.5 times faster and cost 9 ms to prepare.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3  # errors only
    return onnxruntime.InferenceSession(net, options, providers=["CPUExecutionProvider"])


def _files_used(pack: Pack) -> tuple[str, ...]:
    return (*pack.detector.files, *pack.landmarks.files, pack.embedder.file)


def _verify(directory: Path, name: str, expected: str) -> None:
    if Path(name).name != name:
        raise PackRefused(f"{directory / DECLARATION} names {name!r}, which is not a plain file name")
    try:
        content = (directory / name).read_bytes()
    except FileNotFoundError as error:
        raise PackRefused(f"{directory / name} is missing") from error
    except (OSError, ValueError) as error:  # a folder, or what the file system takes for no name
        raise PackRefused(f"{directory / DECLARATION} names {name!r}, which cannot be read") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise PackRefused(f"{directory / name}: expected sha256 {expected}, found {found}")


def _pack_of(directory: Path, declaration: Mapping[str, Any]) -> Pack:
    return Pack(
        directory=directory,
        name=declaration["name"],
        version=declaration["version"],
        model_id=model_id_of(declaration),
        detector=detector_of(declaration["detector"]),
        landmarks=landmarks_of(declaration["landmarks"]),
        alignment=alignment_of(declaration["alignment"]),
        embedder=embedder_of(declaration["embedder"]),
        thresholds=thresholds_of(declaration["thresholds"]),
        licences=dict(declaration["licences"]),
    )
