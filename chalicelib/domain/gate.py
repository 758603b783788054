"""The gate: whether what retraining learned goes into service, is left out, or cannot be told for want of evidence.

Doubt speaks for the model in service. The promised FPIR counts as kept if the challenger's point estimate on strangers
of the test side is at most the promise (and so, for certain, is its interval's lower bound): a challenger that happens
to measure above it is not promoted, although half of those that sit exactly on the promise do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chalicelib.domain.errors import ArtefactRefused

LEAST_IDENTITIES = 100
LEAST_FALSE_POSITIVES = 10
LEAST_OF_A_GROUP = 50
GROUPS_BY = ("camera", "lighting")
MOST_GROUPS = 1000
ID = re.compile(r"[ -~]{1,64}")


class Verdict(StrEnum):
    PROMOTED = "promoted"
    KEPT = "kept"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"


@dataclass(frozen=True)
class Reason:
    """A stable code, and a sentence with the figures."""

    code: str
    sentence: str


@dataclass(frozen=True)
class Decision:
    verdict: Verdict
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Difference:
    """Challenger less champion, on the same comparisons: below zero is better. The bounds are of the bootstrap."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Tested:
    """`fpir`: the challenger's, with its interval."""

    identities: int
    strangers: int
    fpir: float
    fpir_interval: tuple[float, float]
    fnir_difference: Difference


@dataclass(frozen=True)
class Group:
    by: str
    name: str
    identities: int
    fnir_difference: Difference


@dataclass(frozen=True)
class Report:
    """What the gate reads of a report.json; `tested` is None where there was nothing to test with."""

    champion_id: str
    pack_id: str
    model_id: str
    data_version: str
    promised_fpir: float
    calibrated: bool
    tested: Tested | None
    groups: tuple[Group, ...]

    @property
    def expected_false_positives(self) -> float:
        return 0.0 if self.tested is None else self.promised_fpir * self.tested.strangers


def decide(report: Report, *, champion_id: str, left_id: str | None = None) -> Decision:
    """`champion_id`: the model that is in service now, which need not be the one that was tested against.

    `left_id`: the model that a human has rolled back from; only a human puts it in service again.
    """
    if missing := _missing(report):
        return Decision(Verdict.NOT_ENOUGH_EVIDENCE, missing)
    if against := _against(report, champion_id, left_id):
        return Decision(Verdict.KEPT, against)
    return Decision(Verdict.PROMOTED, _in_favour(report))


def read_report(document: Any) -> Report:
    """Raises ArtefactRefused for a report in which anything that the gate needs is missing, or is no such figure."""
    if not isinstance(document, Mapping) or document.get("format") != 1:
        raise ArtefactRefused("The report is of no format that the gate reads.")
    return Report(
        champion_id=_id(document, "champion_id"),
        pack_id=_id(document, "pack_id"),
        model_id=_id(document, "model_id"),
        data_version=_id(document, "data_version"),
        promised_fpir=_share(_mapping(document, "promise"), "accept_fpir"),
        calibrated=_boolean(document, "calibrated"),
        tested=None if document.get("test") is None else _tested(_mapping(document, "test")),
        groups=tuple(map(_group, _list(document, "groups"))),
    )


def _missing(report: Report) -> tuple[Reason, ...]:
    tested = report.tested
    identities = 0 if tested is None else tested.identities
    expected = report.expected_false_positives
    reasons = []
    if identities < LEAST_IDENTITIES:
        sentence = f"{identities} people were tested; {LEAST_IDENTITIES} are needed."
        reasons.append(Reason("few_identities", sentence))
    if expected < LEAST_FALSE_POSITIVES:
        sentence = (
            f"{expected:.1f} false positives were to be expected at the promised FPIR of {report.promised_fpir:.2%};"
            f" {LEAST_FALSE_POSITIVES} are needed."
        )
        reasons.append(Reason("few_false_positives", sentence))
    if not report.calibrated:
        reasons.append(Reason("not_calibrated", "Nothing was calibrated: the pack's thresholds stand."))
    return tuple(reasons)


def _against(report: Report, champion_id: str, left_id: str | None) -> tuple[Reason, ...]:
    if report.model_id == champion_id:
        return (Reason("same_model", "The same data gave the model that is in service."),)
    reasons = []
    if report.model_id == left_id:
        reasons.append(Reason("rolled_back", "Somebody has rolled back from this model."))
    if report.champion_id != champion_id:
        sentence = f"It was tested against {report.champion_id}, but {champion_id} is in service now."
        reasons.append(Reason("champion_changed", sentence))
    tested = report.tested
    if tested is not None and not _keeps_promise(tested, report.promised_fpir):
        sentence = f"Its FPIR is {_with_interval(tested)}, above the promised {report.promised_fpir:.2%}."
        reasons.append(Reason("promise_broken", sentence))
    if tested is not None and not _is_better(tested.fnir_difference):
        sentence = f"Its FNIR differs by {_told(tested.fnir_difference)}: it is not known to be better."
        reasons.append(Reason("not_better", sentence))
    for group in report.groups:
        if group.identities >= LEAST_OF_A_GROUP and group.fnir_difference.lower > 0:
            told = _told(group.fnir_difference)
            sentence = f"It is worse for {group.identities} people by {group.by} {group.name}: by {told}."
            reasons.append(Reason("group_worse", sentence))
    return tuple(reasons)


def _in_favour(report: Report) -> tuple[Reason, ...]:
    tested = report.tested
    if tested is None:
        return ()
    return (
        Reason(
            "better", f"Its FNIR differs by {_told(tested.fnir_difference)} on {tested.identities} people."
        ),
        Reason(
            "promise_kept",
            f"Its FPIR is {_with_interval(tested)} on {tested.strangers} strangers, within {report.promised_fpir:.2%}.",
        ),
    )


def _keeps_promise(tested: Tested, promised: float) -> bool:
    return tested.fpir <= promised and tested.fpir_interval[0] <= promised


def _is_better(difference: Difference) -> bool:
    """One that makes no difference at all is not promoted for it."""
    return difference.upper <= 0 and difference.value < 0


def _told(difference: Difference) -> str:
    return f"{difference.value:+.4f} ({difference.lower:+.4f} to {difference.upper:+.4f})"


def _with_interval(tested: Tested) -> str:
    return f"{tested.fpir:.2%} ({tested.fpir_interval[0]:.2%} to {tested.fpir_interval[1]:.2%})"


def _tested(document: Mapping[str, Any]) -> Tested:
    challenger = _mapping(document, "challenger")
    return Tested(
        identities=_count(document, "identities"),
        strangers=_count(document, "strangers"),
        fpir=_share(challenger, "fpir"),
        fpir_interval=_interval(challenger, "fpir_interval"),
        fnir_difference=_difference(document),
    )


def _group(document: Any) -> Group:
    if not isinstance(document, Mapping) or document.get("by") not in GROUPS_BY:
        raise ArtefactRefused(f"A group of the report is by none of {', '.join(GROUPS_BY)}.")
    return Group(
        by=document["by"],
        name=_id(document, "name"),
        identities=_count(document, "identities"),
        fnir_difference=_difference(document),
    )


def _difference(document: Mapping[str, Any]) -> Difference:
    found = _mapping(document, "fnir_difference")
    difference = Difference(*(_number(found, name, -1, 1) for name in ("value", "lower", "upper")))
    if difference.lower > difference.upper:
        raise ArtefactRefused("The bounds of a fnir_difference are in the wrong order.")
    return difference


def _interval(document: Mapping[str, Any], name: str) -> tuple[float, float]:
    found = document.get(name)
    if not isinstance(found, list) or len(found) != 2:
        raise ArtefactRefused(f"{name} of the report is no pair of bounds.")
    lower, upper = (_number({name: each}, name, 0, 1) for each in found)
    if lower > upper:
        raise ArtefactRefused(f"The bounds of {name} are in the wrong order.")
    return lower, upper


def _share(document: Mapping[str, Any], name: str) -> float:
    return _number(document, name, 0, 1)


def _number(document: Mapping[str, Any], name: str, least: float, most: float) -> float:
    found = document.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ArtefactRefused(f"{name} of the report is no number.")
    if not least <= found <= most:
        raise ArtefactRefused(f"{name} of the report must lie between {least:g} and {most:g}.")
    return float(found)


def _count(document: Mapping[str, Any], name: str) -> int:
    found = document.get(name)
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise ArtefactRefused(f"{name} of the report is no count.")
    return found


def _boolean(document: Mapping[str, Any], name: str) -> bool:
    found = document.get(name)
    if not isinstance(found, bool):
        raise ArtefactRefused(f"{name} of the report is neither true nor false.")
    return found


def _id(document: Mapping[str, Any], name: str) -> str:
    found = document.get(name)
    if not isinstance(found, str) or not ID.fullmatch(found):
        raise ArtefactRefused(f"{name} of the report is no text of 1 to 64 ASCII characters.")
    return found


def _mapping(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    if not isinstance(found, Mapping):
        raise ArtefactRefused(f"{name} of the report is missing.")
    return found


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    found = document.get(name)
    if not isinstance(found, list) or len(found) > MOST_GROUPS:
        raise ArtefactRefused(f"{name} of the report is no list, or too long.")
    return found
