"""An evaluation as a page: DET curve, reliability diagram, and the figures in tables."""

import html
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.charts import Axis, Point, line_chart

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0}td,th{border-bottom:1px solid #ddd;padding:.25em .8em;text-align:right}
th:first-child,td:first-child{text-align:left}svg{font:12px system-ui,sans-serif;margin-right:1em}
"""
_FPIR = Axis("FPIR", 0.001, 0.5, (0.001, 0.003, 0.01, 0.03, 0.1, 0.3), logarithmic=True)
_FNIR = Axis("FNIR", 0.002, 1.0, (0.003, 0.01, 0.03, 0.1, 0.3, 1.0), logarithmic=True)
_TENTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def write_report(document: dict[str, Any], path: Path) -> Path:
    """The page of a document that training.evaluate made."""
    title, ece = f"Evaluation of {document['model_id']}", document["confidence"]["ece"]
    body = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>Rosters of {document['gallery']} people, {document['draws']} draws, scores normalised against "
        f"{document['cohort']} people offered as a cohort. pack.json: sha256 <code>{document['pack_sha256']}</code>. "
        "Intervals: 95 %, subject-level bootstrap.</p>",
        det_chart(_by_photos(document["det"])),
        reliability_chart(f"Reliability, ECE {ece:.3f}", {"found": document["confidence"]}),
        *_tables(document),
    ]
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style><body>{''.join(body)}</body></html>\n"
    )
    path.write_text(page, encoding="utf-8")
    return path


def det_chart(points_by_name: Mapping[str, Sequence[Point]]) -> str:
    return line_chart("Detection error trade-off", _FPIR, _FNIR, list(points_by_name.items()))


def reliability_chart(title: str, confidence_by_name: Mapping[str, dict[str, Any]]) -> str:
    """Of documents that training.confidences made."""
    lines: list[tuple[str, Sequence[Point]]] = [("as said", [(0.0, 0.0), (1.0, 1.0)])]
    for name, confidence in confidence_by_name.items():
        lines.append((name, [(each["confidence"], each["right"]) for each in confidence["bins"]]))
    across, up = Axis("confidence", 0, 1, _TENTHS), Axis("part that is right", 0, 1, _TENTHS)
    return line_chart(title, across, up, lines)


def _by_photos(det: Mapping[str, Sequence[Point]]) -> dict[str, Sequence[Point]]:
    return {f"{count} photo{'s' * (count != '1')}": points for count, points in det.items()}


def _tables(document: dict[str, Any]) -> Iterable[str]:
    yield "<h2>At the pack's threshold</h2>" + _table(
        ("photos", "gallery", "people", "probes", "strangers", "rank-1", "FPIR", "FNIR"),
        [_identification(row) for row in (*document["results"], *document["other_galleries"])],
    )
    yield "<h2>Where the test's own FPIR is so much (oracle)</h2>" + _table(
        ("photos", "FPIR", "FNIR", "distinct strangers behind it"),
        [
            (row["enrol"], _percent(each["fpir"]), _rate(each["fnir"], each["fnir_interval"]), _behind(each))
            for row in document["results"]
            for each in row["oracle"]
        ],
    )
    yield "<h2>Claims, 1:1</h2>" + _table(
        ("photos", "threshold", "FMR", "false matches", "FNMR"),
        [
            (
                each["enrol"],
                each["threshold"],
                f"{each['fmr']:.2e}",
                each["false_matches"],
                _percent(each["fnmr"]),
            )
            for each in document["claims"]
        ],
    )
    if "degradations" in document:
        yield "<h2>Pictures made worse, three photos enrolled</h2>" + _table(
            ("degradation", "FPIR", "FNIR", "no face found"),
            [
                (
                    each["degradation"],
                    *map(_percent, (each["fpir"], each["fnir"], each["failure_to_acquire"])),
                )
                for each in document["degradations"]
            ],
        )


def _identification(row: dict[str, Any]) -> Sequence[object]:
    at = row["at_pack_threshold"]
    return (
        *(row[name] for name in ("enrol", "gallery", "people", "probes", "strangers")),
        _percent(row["rank1"]),
        _rate(at["fpir"], at["fpir_interval"]),
        _rate(at["fnir"], at["fnir_interval"]),
    )


def _behind(row: dict[str, Any]) -> str:
    return f"{row['false_positives']}{'' if row['supported'] else ' (not supported)'}"


def _rate(value: float, interval: Sequence[float]) -> str:
    return f"{_percent(value)} [{_percent(interval[0])}, {_percent(interval[1])}]"


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    titles = "".join(f"<th>{html.escape(each)}</th>" for each in head)
    lines = "".join(
        f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><tr>{titles}</tr>{lines}</table>"
