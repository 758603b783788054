"""The bench's result as rows, and as a table to read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from tests.bench import stages

Passes = Sequence[Mapping[str, Mapping[str, float]]]
"""Of each pass over a frame, each stage's `ms` and `found`."""


@dataclass(frozen=True)
class Row:
    """One stage of one frame, ours beside one peer's; without a peer that has the stage, ours alone."""

    case: str
    stage: str
    ours_ms: float
    found_ours: int
    peer: str | None = None
    peer_ms: float | None = None
    found_peer: int | None = None

    @property
    def ratio(self) -> float | None:
        """How many times longer the peer takes."""
        return self.peer_ms / self.ours_ms if self.peer_ms is not None else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio}


@dataclass(frozen=True)
class Measured:
    ms: float
    found: int


def rows_of(case: str, ours: Passes, peers: Mapping[str, Passes]) -> list[Row]:
    """A row for each stage and each peer that has it."""
    theirs_by_peer = {label: medians(passes) for label, passes in peers.items()}
    rows = []
    for stage, our in medians(ours).items():
        theirs = {label: each[stage] for label, each in theirs_by_peer.items() if stage in each}
        rows += [
            Row(case, stage, our.ms, our.found, label, their.ms, their.found)
            for label, their in theirs.items()
        ] or [Row(case, stage, our.ms, our.found)]
    return rows


def medians(passes: Passes) -> dict[str, Measured]:
    """Of each stage, and of the whole frame also per face that was found."""
    found = {stage: int(last["found"]) for stage, last in passes[-1].items()}
    measured = {
        stage: Measured(median(each[stage]["ms"] for each in passes), found[stage]) for stage in found
    }
    whole = measured.get(stages.WHOLE)
    if whole and whole.found:
        measured[stages.PER_FACE] = Measured(whole.ms / whole.found, whole.found)
    return measured


def table(rows: Sequence[Row]) -> str:
    """Markdown, the stages of a frame together."""
    lines = [
        "| frame | stage | ours | peer | peer's | ratio | faces found, ours / peer's |",
        "|---|---|--:|---|--:|--:|--:|",
    ]
    for row in rows:
        theirs = (
            f"{row.peer} | {row.peer_ms:.2f} ms | {row.ratio:.2f} | {row.found_ours} / {row.found_peer}"
            if row.peer
            else f"| | | {row.found_ours}"
        )
        lines.append(f"| {row.case} | {row.stage} | {row.ours_ms:.2f} ms | {theirs} |")
    return "\n".join(lines)
