"""Open-set identification at the pack's threshold, and at the test's own (the oracle), for one enrolment count."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.learned import Learned
from chalicelib.vision.pack import Pack
from training.rates import (
    LEAST_FALSE_POSITIVES,
    REPEATS,
    Rate,
    interval_of,
    outcomes,
    rate_of,
    threshold_at,
)
from training.trials import Draw, Faces, Floats

ORACLE_FPIRS = (0.001, 0.003, 0.01, 0.03)


@dataclass(frozen=True)
class OracleRow:
    """FNIR where the test's own FPIR is `fpir`; nobody who deploys a system knows that threshold.

    `false_positives`: how many distinct strangers stand behind it.
    """

    fpir: float
    fnir: float
    fnir_interval: tuple[float, float]
    false_positives: int
    supported: bool


@dataclass(frozen=True, eq=False)
class Judged:
    """All draws with each face's excess over the pack's threshold. subjects: how many (people, strangers) there are."""

    draws: Sequence[Draw]
    mated_excess: Sequence[Floats]
    nonmated_excess: Sequence[Floats]
    subjects: tuple[int, int]


def judge(draws: Sequence[Draw], model: Pack | Learned, subjects: tuple[int, int]) -> Judged:
    mated, nonmated = [], []
    for draw in draws:
        size = len(draw.gallery.person_ids)
        operating = model.thresholds.operating(size, normalised=draw.gallery.normalises)
        mated.append(draw.mated.excess(operating))
        nonmated.append(draw.nonmated.excess(operating))
    return Judged(draws, mated, nonmated, subjects)


def fpir_at_threshold(judged: Judged) -> Rate:
    pairs = [(d.nonmated.subject, e >= 0) for d, e in zip(judged.draws, judged.nonmated_excess, strict=True)]
    return rate_of(outcomes(pairs, judged.subjects[1]))


def fnir_at_threshold(judged: Judged) -> Rate:
    return rate_of(outcomes(missed(judged), judged.subjects[0]))


def missed(judged: Judged) -> list[tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """Of each draw: whose faces are looked at (m,), and which of them are not accepted as themselves (m,)."""
    return [
        (draw.mated.subject, ~(draw.mated.right & (excess >= 0)))
        for draw, excess in zip(judged.draws, judged.mated_excess, strict=True)
    ]


def fnir_at_fpir(judged: Judged, fpir: float) -> float:
    """FNIR where the FPIR of all draws together is so much."""
    excess = np.concatenate(judged.nonmated_excess)
    return _fnir_above(judged, [threshold_at(excess, fpir, len(excess))] * len(judged.draws))


def rank1(judged: Judged) -> float:
    right = [draw.mated.right.mean() for draw in judged.draws]
    return float(np.mean(right))


def oracle(judged: Judged, fpir: float, repeats: int = REPEATS) -> OracleRow:
    thresholds = [threshold_at(excess, fpir, len(excess)) for excess in judged.nonmated_excess]
    accepted = {
        int(stranger)
        for draw, excess, threshold in zip(judged.draws, judged.nonmated_excess, thresholds, strict=True)
        for stranger in draw.nonmated.subject[excess > threshold]
    }
    return OracleRow(
        fpir=fpir,
        fnir=_fnir_above(judged, thresholds),
        fnir_interval=_oracle_interval(judged, fpir, repeats),
        false_positives=len(accepted),
        supported=len(accepted) >= LEAST_FALSE_POSITIVES,
    )


def as_json(enrol: int, judged: Judged) -> dict[str, Any]:
    """One entry of the document's `results`."""
    fpir, fnir = fpir_at_threshold(judged), fnir_at_threshold(judged)
    first = judged.draws[0]
    return {
        "enrol": enrol,
        "people": judged.subjects[0],
        "gallery": len(first.people),
        "probes": len(first.mated.subject),
        "strangers": judged.subjects[1],
        "normalised": first.gallery.normalises,
        "rank1": rank1(judged),
        "at_pack_threshold": {
            "fpir": fpir.value,
            "fpir_interval": fpir.interval,
            "fnir": fnir.value,
            "fnir_interval": fnir.interval,
        },
        "oracle": [asdict(oracle(judged, rate)) for rate in ORACLE_FPIRS],
    }


def det_curve(judged: Judged, points: int = 60) -> list[tuple[float, float]]:
    """(FPIR, FNIR) pairs over all draws, from one false positive in a thousand to a half."""
    rates = np.geomspace(0.001, 0.5, points).tolist()
    return [(rate, fnir_at_fpir(judged, rate)) for rate in rates]


def _fnir_above(judged: Judged, thresholds: Sequence[float]) -> float:
    missed = [
        ~(draw.mated.right & (excess > threshold))
        for draw, excess, threshold in zip(judged.draws, judged.mated_excess, thresholds, strict=True)
    ]
    return float(np.concatenate(missed).mean())


def _oracle_interval(judged: Judged, fpir: float, repeats: int) -> tuple[float, float]:
    """People, strangers and galleries drawn again; each time the threshold follows the strangers drawn."""
    people, strangers = judged.subjects
    prepared = [
        (_descending(draw.nonmated, excess), draw.mated, mated)
        for draw, excess, mated in zip(judged.draws, judged.nonmated_excess, judged.mated_excess, strict=True)
    ]

    def fnir(rng: np.random.Generator) -> float:
        by_stranger = rng.multinomial(strangers, np.full(strangers, 1 / strangers))
        by_person = rng.multinomial(people, np.full(people, 1 / people))
        missed = total = 0.0
        for place in rng.integers(len(prepared), size=len(prepared)):
            (ordered, whose), mated, excess = prepared[place]
            above = np.cumsum(by_stranger[whose])
            first = int(np.searchsorted(above, fpir * strangers + 1e-9, side="right"))
            threshold = ordered[first] if first < len(ordered) else -np.inf
            weights = by_person[mated.subject]
            missed += float(weights[~(mated.right & (excess > threshold))].sum())
            total += float(weights.sum())
        return missed / total if total else 0.0

    return interval_of(fnir, seed=0, repeats=repeats)


def _descending(faces: Faces, excess: Floats) -> tuple[Floats, NDArray[np.intp]]:
    order = np.argsort(-excess, kind="stable")
    return excess[order], faces.subject[order]
