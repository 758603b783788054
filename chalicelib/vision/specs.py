"""What a pack.json declares of its nets, as types. Models declare, code never guesses."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

_POINTS = 5  # of every template, and of every detector
_APART = 0.01  # nearer, and two points of a template give no scale to a face; in parts of its square's side


@dataclass(frozen=True)
class MtcnnSpec:
    """MTCNN's cascade: files, probabilities to pass and overlaps to suppress, each for proposal, refinement, output."""

    proposal: str
    refinement: str
    output: str
    pyramid_factor: float
    window: int
    stride: int
    thresholds: tuple[float, float, float]
    overlaps: tuple[float, float, float]

    @property
    def files(self) -> tuple[str, ...]:
        return (self.proposal, self.refinement, self.output)


@dataclass(frozen=True)
class YunetSpec:
    """YuNet: `strides` are the pixels between the cells of its grids; faces between `smallest_face_px` and
    `largest_face_px` wide are found reliably.
    """

    file: str
    strides: tuple[int, ...]
    smallest_face_px: float
    largest_face_px: float
    threshold: float
    overlap: float

    @property
    def files(self) -> tuple[str, ...]:
        return (self.file,)


DetectorSpec = MtcnnSpec | YunetSpec


@dataclass(frozen=True)
class TreesSpec:
    """A shape predictor that reads an upright crop of `crop` pixels, the face's rectangle `inset` pixels inside."""

    file: str
    crop: int
    inset: int

    @property
    def files(self) -> tuple[str, ...]:
        return (self.file,)


@dataclass(frozen=True)
class DetectorPoints:
    """The detector's own five points are the landmarks."""

    files: tuple[str, ...] = ()


LandmarksSpec = TreesSpec | DetectorPoints


@dataclass(frozen=True)
class AlignmentSpec:
    """`template`: where the landmarks lie in the face's square, in parts of its side; `padding` around, likewise.

    `fit`: how a chip is cut so that the landmarks come onto it, `dlib` (as dlib does) or `points` (least squares).
    """

    template: tuple[tuple[float, float], ...]
    padding: float
    fit: str


@dataclass(frozen=True)
class EmbedderSpec:
    """Chips of `size` x `size` pixels, 0..255, `channels` RGB or BGR → `dimension` values, not of unit norm.

    `normalisation`: (mean of each channel, scale), the net takes (pixel - mean)·scale; None if it does that itself.
    `mirrored`: to enrol, a face's embedding is the average of its chip's and of the mirrored chip's.
    """

    file: str
    size: int
    dimension: int
    channels: str
    normalisation: tuple[tuple[float, float, float], float] | None
    mirrored: bool


def detector_of(declared: Mapping[str, Any]) -> DetectorSpec:
    if _one_of(declared, "type", "mtcnn", "yunet") == "mtcnn":
        return _mtcnn_of(declared)
    return _yunet_of(declared)


def landmarks_of(declared: Mapping[str, Any]) -> LandmarksSpec:
    if _one_of(declared, "type", "regression-trees", "detector") == "detector":
        return DetectorPoints()
    crop = _whole(declared, "crop", 16, 4096)
    return TreesSpec(declared["file"], crop, _whole(declared, "inset", 0, (crop - 2) // 2))


def alignment_of(declared: Mapping[str, Any]) -> AlignmentSpec:
    template = tuple(
        (_within("template x", x, -1, 2), _within("template y", y, -1, 2)) for x, y in declared["template"]
    )
    if len(template) != _POINTS:
        raise ValueError(f"a template of {len(template)} points, expected {_POINTS}")
    if any(math.dist(one, other) < _APART for one, other in combinations(template, 2)):
        raise ValueError("a template with points that coincide")
    return AlignmentSpec(
        template, _number(declared, "padding", 0, 2), _one_of(declared, "fit", "dlib", "points")
    )


def embedder_of(declared: Mapping[str, Any]) -> EmbedderSpec:
    folded = _one_of(declared, "normalisation", "folded", "none") == "folded"
    if not isinstance(declared["mirrored"], bool):
        raise ValueError(f"mirrored {declared['mirrored']!r} is neither true nor false")  # noqa: TRY004
    stated = None  # of a net that does it itself, for the reader alone
    if not folded or "mean" in declared or "scale" in declared:
        stated = _three(declared, "mean", 0, 255), _number(declared, "scale", 1e-6, 1e3)
    return EmbedderSpec(
        file=declared["file"],
        size=_whole(declared, "size", 8, 4096),
        dimension=_whole(declared, "dimension", 1, 65536),
        channels=_one_of(declared, "channels", "RGB", "BGR"),
        normalisation=None if folded else stated,
        mirrored=declared["mirrored"],
    )


def _mtcnn_of(declared: Mapping[str, Any]) -> MtcnnSpec:
    _one_of(declared, "channels", "RGB")
    _one_of(declared, "normalisation", "folded")
    files = declared["files"]
    if not 0.1 <= declared["pyramid_factor"] <= 0.95 or declared["window"] < 1 or declared["stride"] < 1:
        # The pyramid would never end, or no window would ever move on.
        raise ValueError("a pyramid_factor outside .1 to .95, or a window or stride below 1")
    return MtcnnSpec(
        proposal=files["proposal"],
        refinement=files["refinement"],
        output=files["output"],
        pyramid_factor=float(declared["pyramid_factor"]),
        window=int(declared["window"]),
        stride=int(declared["stride"]),
        thresholds=_three(declared, "thresholds", 0, 1),
        overlaps=_three(declared, "overlaps", 0, 1),
    )


def _yunet_of(declared: Mapping[str, Any]) -> YunetSpec:
    _one_of(declared, "channels", "BGR")
    _one_of(declared, "normalisation", "folded")
    strides = tuple(int(stride) for stride in declared["strides"])
    if not strides or any(stride < 1 or max(strides) % stride for stride in strides):
        raise ValueError(f"strides {list(strides)} that do not divide the largest of them")
    spec = YunetSpec(
        declared["file"],
        strides,
        float(declared["smallest_face_px"]),
        float(declared["largest_face_px"]),
        float(declared["threshold"]),
        float(declared["overlap"]),
    )
    if not 1 <= spec.smallest_face_px < spec.largest_face_px:
        raise ValueError("a smallest_face_px below 1, or a largest_face_px not above it")
    if not 0 < spec.threshold < 1 or not 0 < spec.overlap < 1:
        raise ValueError("a threshold or overlap outside 0 to 1")
    return spec


def _one_of(declared: Mapping[str, Any], key: str, *known: str) -> str:
    if declared[key] not in known:
        raise ValueError(f"{key} {declared[key]!r} is not known, expected {' or '.join(map(repr, known))}")
    return str(declared[key])


def _three(declared: Mapping[str, Any], key: str, low: float, high: float) -> tuple[float, float, float]:
    if len(declared[key]) != 3:
        raise ValueError(f"{key} {declared[key]!r:.80} is not three numbers")
    first, second, third = (_within(key, value, low, high) for value in declared[key])
    return first, second, third


def _whole(declared: Mapping[str, Any], key: str, low: int, high: int) -> int:
    value = _number(declared, key, low, high)
    if not value.is_integer():
        raise ValueError(f"{key} {value} is no whole number")
    return int(value)


def _number(declared: Mapping[str, Any], key: str, low: float, high: float) -> float:
    return _within(key, declared[key], low, high)


def _within(what: str, value: Any, low: float, high: float) -> float:
    """Neither text nor true nor NaN, which JSON writes too, is such a number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{what} {value!r:.80} is no number from {low:g} to {high:g}")
    return float(value)
