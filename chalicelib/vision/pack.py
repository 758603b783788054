"""A model pack: a folder of nets and one pack.json that says how to use them, with every file's sha256."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import PackRefused

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped,unused-ignore]

DECLARATION = "pack.json"
FORMAT = 1


@dataclass(frozen=True)
class DetectorSpec:
    """MTCNN's cascade: files, probabilities to pass and overlaps to suppress, each for proposal, refinement, output."""

    proposal: str
    refinement: str
    output: str
    pyramid_factor: float
    window: int
    stride: int
    thresholds: tuple[float, float, float]
    overlaps: tuple[float, float, float]


@dataclass(frozen=True)
class LandmarksSpec:
    """A shape predictor that reads an upright crop of `crop` pixels, the face's rectangle `inset` pixels inside."""

    file: str
    crop: int
    inset: int


@dataclass(frozen=True)
class AlignmentSpec:
    """`template`: where the landmarks lie in the face's square, in parts of its side; `padding` around, likewise."""

    template: tuple[tuple[float, float], ...]
    padding: float


@dataclass(frozen=True)
class EmbedderSpec:
    """Chips of `size` x `size` RGB pixels, 0..255 (the net normalises) → `dimension` values, not of unit norm."""

    file: str
    size: int
    dimension: int


@dataclass(frozen=True)
class Thresholds:
    """Cosine similarities, by how many occasions a person enrolled on: averaging raises strangers' scores too."""

    accept_by_count: Mapping[int, float]
    review_by_count: Mapping[int, float]
    margin: float
    provisional: bool = True

    def accept(self, enrolment_count: int) -> float:
        """At or above it, and with `margin` to the runner-up, a face is the person."""
        return _at(self.accept_by_count, enrolment_count)

    def review(self, enrolment_count: int) -> float:
        """Between it and `accept` a human decides; below it a face is unknown."""
        return _at(self.review_by_count, enrolment_count)

    def as_json(self) -> dict[str, Any]:
        """As pack.json holds it."""
        return {
            "accept": {str(count): value for count, value in self.accept_by_count.items()},
            "review": {str(count): value for count, value in self.review_by_count.items()},
            "margin": self.margin,
            "metric": "cosine similarity",
            "provisional": self.provisional,
        }


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
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PackRefused(f"{directory / DECLARATION}: {type(error).__name__}: {error}") from error
    for used in _files_used(pack):
        if used not in expected:
            raise PackRefused(f"{directory / DECLARATION}: {used!r} is not among its files")
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
    except ValueError as error:
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
    """The name and the first 12 hex digits of the sha256 over the declaration, whatever its spacing and key order."""
    canonical = json.dumps(declaration, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"{declaration['name']}-{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"


def open_session(pack: Pack, file: str) -> "InferenceSession":
    """A session on one of the pack's nets. One thread: a Lambda of this size has one core to give.

    All of the runtime's optimisations: the blocked convolutions are 1.5 times faster and cost 9 ms to prepare.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3  # errors only
    return onnxruntime.InferenceSession(str(pack.path(file)), options, providers=["CPUExecutionProvider"])


def _files_used(pack: Pack) -> tuple[str, ...]:
    detector = pack.detector
    return (detector.proposal, detector.refinement, detector.output, pack.landmarks.file, pack.embedder.file)


def _verify(directory: Path, name: str, expected: str) -> None:
    if Path(name).name != name:
        raise PackRefused(f"{directory / DECLARATION} names {name!r}, which is not a plain file name")
    try:
        content = (directory / name).read_bytes()
    except FileNotFoundError as error:
        raise PackRefused(f"{directory / name} is missing") from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise PackRefused(f"{directory / name}: expected sha256 {expected}, found {found}")


def _pack_of(directory: Path, declaration: Mapping[str, Any]) -> Pack:
    return Pack(
        directory=directory,
        name=declaration["name"],
        version=declaration["version"],
        model_id=model_id_of(declaration),
        detector=_detector_of(declaration["detector"]),
        landmarks=_landmarks_of(declaration["landmarks"]),
        alignment=_alignment_of(declaration["alignment"]),
        embedder=_embedder_of(declaration["embedder"]),
        thresholds=_thresholds_of(declaration["thresholds"]),
        licences=dict(declaration["licences"]),
    )


def _detector_of(declared: Mapping[str, Any]) -> DetectorSpec:
    _require(declared, "type", "mtcnn")
    _require(declared, "channels", "RGB")
    files = declared["files"]
    return DetectorSpec(
        proposal=files["proposal"],
        refinement=files["refinement"],
        output=files["output"],
        pyramid_factor=float(declared["pyramid_factor"]),
        window=int(declared["window"]),
        stride=int(declared["stride"]),
        thresholds=_three(declared["thresholds"]),
        overlaps=_three(declared["overlaps"]),
    )


def _landmarks_of(declared: Mapping[str, Any]) -> LandmarksSpec:
    _require(declared, "type", "regression-trees")
    return LandmarksSpec(declared["file"], int(declared["crop"]), int(declared["inset"]))


def _alignment_of(declared: Mapping[str, Any]) -> AlignmentSpec:
    template = tuple((float(x), float(y)) for x, y in declared["template"])
    return AlignmentSpec(template, float(declared["padding"]))


def _embedder_of(declared: Mapping[str, Any]) -> EmbedderSpec:
    _require(declared, "channels", "RGB")
    _require(declared, "normalisation", "folded")
    return EmbedderSpec(declared["file"], int(declared["size"]), int(declared["dimension"]))


def _thresholds_of(declared: Mapping[str, Any]) -> Thresholds:
    accept = {int(count): float(value) for count, value in declared["accept"].items()}
    review = {int(count): float(value) for count, value in declared["review"].items()}
    if 1 not in accept or 1 not in review:
        raise ValueError("the thresholds begin with one enrolment")
    return Thresholds(accept, review, float(declared["margin"]), bool(declared["provisional"]))


def _require(declared: Mapping[str, Any], key: str, value: str) -> None:
    if declared[key] != value:
        raise ValueError(f"{key} {declared[key]!r} is not known, expected {value!r}")


def _three(values: list[float]) -> tuple[float, float, float]:
    first, second, third = map(float, values)
    return first, second, third


def _at(value_by_count: Mapping[int, float], count: int) -> float:
    """The value of the largest declared count that is not above `count`."""
    if count < 1:
        raise ValueError(f"a person in a gallery has at least one enrolment, not {count}")
    return value_by_count[max(each for each in value_by_count if each <= count)]
