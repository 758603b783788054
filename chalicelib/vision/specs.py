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


def thresholds_of(declared: Mapping[str, Any]) -> Thresholds:
    accept = {int(count): float(value) for count, value in declared["accept"].items()}
    review = {int(count): float(value) for count, value in declared["review"].items()}
    if 1 not in accept or 1 not in review:
        raise ValueError("the thresholds begin with one enrolment")
    ordered = all(0 < review.get(count, review[1]) <= value <= 1 for count, value in accept.items())
    if not ordered or not 0 <= float(declared["margin"]) < 1:
        raise ValueError("thresholds must hold 0 < review <= accept <= 1 and 0 <= margin < 1")
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
