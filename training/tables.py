"""An evaluation's figures as markdown."""

from typing import Any


def evaluation_table(document: dict[str, Any]) -> list[str]:
    """As markdown."""
    lines = [
        f"{document['model_id']}, pack.json sha256 {document['pack_sha256']}",
        "",
        f"| gallery of {document['gallery']} | rank-1 | FPIR at the pack's threshold | FNIR there | "
        "oracle FNIR at FPIR 0.1 / 0.3 / 1 / 3 % |",
        "|---|---|---|---|---|",
    ]
    for row in document["results"]:
        at = row["at_pack_threshold"]
        oracle = " / ".join(f"{each['fnir']:.3f}{'' if each['supported'] else '?'}" for each in row["oracle"])
        cells = (f"{row['rank1']:.3f}", _with_interval(at, "fpir"), _with_interval(at, "fnir"), oracle)
        lines.append(f"| {row['enrol']} photo{'s' * (row['enrol'] > 1)} | {' | '.join(cells)} |")
    return [*lines, "", "? fewer than 10 distinct strangers stand behind it", *_degradation_table(document)]


def _degradation_table(document: dict[str, Any]) -> list[str]:
    rows = document.get("degradations", ())
    lines = [
        f"| {row['degradation']} | {row['fpir']:.4f} | {row['fnir']:.3f} | {row['failure_to_acquire']:.3f} |"
        for row in rows
    ]
    head = ["", "| pictures, 3 photos enrolled | FPIR | FNIR | no face found |", "|---|---|---|---|"]
    return [*head, *lines] if lines else []


def _with_interval(figures: dict[str, Any], name: str) -> str:
    low, high = figures[f"{name}_interval"]
    return f"{figures[name]:.4f} [{low:.4f}, {high:.4f}]"
