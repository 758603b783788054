"""What a pack.json declares of its nets, as types. Models declare, code never guesses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


def detector_of(declared: Mapping[str, Any]) -> DetectorSpec:
    _require(declared, "type", "mtcnn")
    _require(declared, "channels", "RGB")
    files = declared["files"]
    if not 0.1 <= declared["pyramid_factor"] <= 0.95 or declared["window"] < 1 or declared["stride"] < 1:
        # The pyramid would never end, or no window would ever move on.
        raise ValueError("a pyramid_factor outside .1 to .95, or a window or stride below 1")
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


def landmarks_of(declared: Mapping[str, Any]) -> LandmarksSpec:
    _require(declared, "type", "regression-trees")
    return LandmarksSpec(declared["file"], int(declared["crop"]), int(declared["inset"]))


def alignment_of(declared: Mapping[str, Any]) -> AlignmentSpec:
    template = tuple((float(x), float(y)) for x, y in declared["template"])
    return AlignmentSpec(template, float(declared["padding"]))


def embedder_of(declared: Mapping[str, Any]) -> EmbedderSpec:
    _require(declared, "channels", "RGB")
    _require(declared, "normalisation", "folded")
    return EmbedderSpec(declared["file"], int(declared["size"]), int(declared["dimension"]))


def _require(declared: Mapping[str, Any], key: str, value: str) -> None:
    if declared[key] != value:
        raise ValueError(f"{key} {declared[key]!r} is not known, expected {value!r}")


def _three(values: list[float]) -> tuple[float, float, float]:
    first, second, third = map(float, values)
    return first, second, third
