"""A drift report as SVG: scores beside what is expected, and the rates of each day."""

from collections.abc import Callable, Sequence
from html import escape

from chalicelib.domain.drift import EDGES, FURTHEST, Tally, shares_of, total
from chalicelib.services.report_drift import DriftReport

WIDTH, HEIGHT, EDGE, GAP = 920, 380, 56, 60
PANEL, TOP, BOTTOM = (WIDTH - 3 * EDGE - GAP) / 2, 64, HEIGHT - 90
SEEN, EXPECTED, REVIEW, FAILED = "#1b6ca8", "#c2571a", "#7a4fa3", "#3b7d3a"

Rate = Callable[[Tally], float | None]


def drift_plot(report: DriftReport) -> str:
    verdict = (
        "drifted" if report.has_drifted else "as expected" if report.stability is not None else "not judged"
    )
    index = "" if report.stability is None else f", stability index {report.stability:.3f}"
    title = f"{report.model_id or 'no model'}: {verdict}{index}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img"'
        f' font-family="system-ui, sans-serif" font-size="12" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(WIDTH / 2, 20, title, bold=True),
        *_scores(report),
        *_rates(report),
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _scores(report: DriftReport) -> list[str]:
    """Bars of what was seen, steps of what is expected; a column for each bin, whatever its width."""
    expected, seen = report.expected, report.seen
    edges = (-FURTHEST, *EDGES, FURTHEST) if expected is None else expected.edges
    shares = shares_of(seen, edges)
    awaited = () if expected is None else expected.shares
    most = max(*shares, *awaited, 0.1)
    column = PANEL / len(shares)
    parts = [*_frame(EDGE, f"{seen.scored} faces by score above the threshold", most)]
    for place, share in enumerate(shares):
        left, top = EDGE + place * column, _up(share, most)
        height = BOTTOM - top
        parts.append(
            f'<rect x="{left + 1:.1f}" y="{top:.1f}" width="{column - 2:.1f}" height="{height:.1f}" fill="{SEEN}"/>'
        )
        if place:
            parts.append(_turned(left, BOTTOM + 8, f"{edges[place]:g}"))
    for place, share in enumerate(awaited):
        left, top = EDGE + place * column, _up(share, most)
        parts.append(
            f'<path d="M{left:.1f} {top:.1f}h{column:.1f}" stroke="{EXPECTED}" stroke-width="3" fill="none"/>'
        )
    parts.append(_key(EDGE, 0, SEEN, "seen"))
    if expected is not None:
        parts.append(_key(EDGE, 1, EXPECTED, f"expected ({expected.baseline.value.replace('_', ' ')})"))
    return parts


def _rates(report: DriftReport) -> list[str]:
    days = sorted({each.day for each in report.tallies})
    tallies = [total(each for each in report.tallies if each.day == day) for day in days]
    left = 2 * EDGE + GAP + PANEL
    lines: tuple[tuple[str, str, Rate], ...] = (
        ("put before a human", REVIEW, lambda tally: tally.review_rate),
        ("frames without a good face", FAILED, lambda tally: tally.failure_to_acquire),
    )
    most = max([rate for _, _, of in lines for tally in tallies if (rate := of(tally)) is not None] + [0.1])
    parts = [*_frame(left, "each day's rates", most)]
    step = PANEL / max(len(days), 1)
    for place, day in enumerate(days):
        parts.append(_turned(left + (place + 0.5) * step, BOTTOM + 8, f"{day:%d.%m.}"))
    for number, (name, colour, of) in enumerate(lines):
        points = [
            (left + (place + 0.5) * step, _up(rate, most))
            for place, tally in enumerate(tallies)
            if (rate := of(tally)) is not None
        ]
        parts.extend(_line(points, colour))
        parts.append(_key(left, number, colour, name))
    return parts


def _frame(left: float, title: str, most: float) -> list[str]:
    """With a scale of shares, up to `most`."""
    parts = [_text(left + PANEL / 2, TOP - 22, title)]
    for tick in range(5):
        share = most * tick / 4
        y = _up(share, most)
        parts.append(f'<path d="M{left:.1f} {y:.1f}h{PANEL:.1f}" stroke="#ddd" fill="none"/>')
        parts.append(_text(left - 6, y + 4, f"{share:.0%}", anchor="end"))
    return parts


def _line(points: Sequence[tuple[float, float]], colour: str) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots]


def _key(left: float, place: int, colour: str, name: str) -> str:
    left, y = left + 150 * place, HEIGHT - 24
    square = f'<rect x="{left:.1f}" y="{y:.1f}" width="10" height="10" fill="{colour}"/>'
    return square + _text(left + 15, y + 9, name, anchor="start")


def _text(x: float, y: float, words: str, *, anchor: str = "middle", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{escape(words)}</text>'


def _turned(x: float, y: float, words: str) -> str:
    return (
        f'<text transform="translate({x:.1f} {y:.1f}) rotate(-60)" text-anchor="end">{escape(words)}</text>'
    )


def _up(share: float, most: float) -> float:
    return BOTTOM - share / most * (BOTTOM - TOP)
