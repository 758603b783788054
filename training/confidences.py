"""How true confidences are: of faces said to be right with 90 %, are 90 % right?

Faces are weighted so that the assumed share of them is of strangers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chalicelib.vision.learned import Learned
from chalicelib.vision.pack import Pack
from training.trials import Draw, Floats

BINS = 10


@dataclass(frozen=True, eq=False)
class Weighted:
    """excess: (m,) of scores over thresholds; right: (m,) 0 or 1; weight: (m,), 1 in sum."""

    excess: Floats
    right: Floats
    weight: Floats


def weighted(draws: Sequence[Draw], model: Pack | Learned, stranger_share: float) -> Weighted:
    """Every face that was found, whatever its margin."""
    parts = []
    for draw in draws:
        operating = model.thresholds.operating(
            len(draw.gallery.person_ids), normalised=draw.gallery.normalises
        )
        for faces, share in ((draw.mated, 1 - stranger_share), (draw.nonmated, stranger_share)):
            found = np.isfinite(faces.top)
            thresholds = np.array([operating.accept(count) for count in faces.count[found]])
            weight = np.full(int(found.sum()), share / max(found.sum(), 1) / len(draws))
            parts.append(np.stack([faces.top[found] - thresholds, faces.right[found], weight]))
    return Weighted(*np.concatenate(parts, axis=1))


def reliability(draws: Sequence[Draw], model: Pack | Learned, stranger_share: float) -> dict[str, Any]:
    """Expected calibration error, Brier score, and the bins of a reliability diagram, each of the same weight."""
    faces = weighted(draws, model, stranger_share)
    levels = model.thresholds.normalised if draws[0].gallery.normalises else None
    confidence_of = (levels or model.thresholds.plain).confidence
    confidence = np.array([confidence_of.of(float(excess), stranger_share) for excess in faces.excess])
    order = np.argsort(confidence, kind="stable")
    edges = np.searchsorted(np.cumsum(faces.weight[order]), np.linspace(0, 1, BINS + 1)[1:-1])
    bins = [
        {
            "confidence": float(np.average(confidence[some], weights=faces.weight[some])),
            "right": float(np.average(faces.right[some], weights=faces.weight[some])),
            "weight": float(faces.weight[some].sum()),
        }
        for some in np.split(order, edges)
        if len(some)
    ]
    return {
        "stranger_share": stranger_share,
        "ece": sum(each["weight"] * abs(each["confidence"] - each["right"]) for each in bins),
        "brier": float(np.average((confidence - faces.right) ** 2, weights=faces.weight)),
        "bins": bins,
    }
