"""Line charts as SVG: what a person would rather see than read. No scripts, no fonts from elsewhere."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
_WIDTH, _HEIGHT, _EDGE = 460, 380, 56
COLOURS = ("#1b6ca8", "#c2571a", "#3b7d3a", "#7a4fa3")


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, marked at `ticks`; `logarithmic` or even."""

    title: str
    low: float
    high: float
    ticks: Sequence[float]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """0..1 along the axis."""
        value = min(max(value, self.low), self.high)
        if not self.logarithmic:
            return (value - self.low) / (self.high - self.low)
        return math.log(value / self.low) / math.log(self.high / self.low)


def line_chart(title: str, across: Axis, up: Axis, lines: Sequence[tuple[str, Sequence[Point]]]) -> str:
    """An <svg>; each line has a name and its points."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img" '
        f'aria-label="{html.escape(title)}">',
        f'<text x="{_WIDTH / 2}" y="18" text-anchor="middle" font-weight="bold">{html.escape(title)}</text>',
        *_grid(across, up),
    ]
    for number, (name, points) in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{_x(across, x):.1f},{_y(up, y):.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        place = (
            f'x="{_WIDTH - 14}" y="{_HEIGHT - _EDGE - 10 - 17 * (len(lines) - 1 - number)}" text-anchor="end"'
        )
        parts.append(f'<text {place} fill="{colour}">{html.escape(name)}</text>')
    return "\n".join([*parts, "</svg>"])


def _grid(across: Axis, up: Axis) -> list[str]:
    left, right, top, bottom = _EDGE, _WIDTH - 10, 28, _HEIGHT - _EDGE
    parts = []
    for tick in across.ticks:
        x = _x(across, tick)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>')
    for tick in up.ticks:
        y = _y(up, tick)
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    parts.append(
        f'<text x="{(left + right) / 2}" y="{bottom + 36}" text-anchor="middle">{html.escape(across.title)}</text>'
    )
    middle = (top + bottom) / 2
    turned = f'text-anchor="middle" transform="rotate(-90 14 {middle})"'
    parts.append(f'<text x="14" y="{middle}" {turned}>{html.escape(up.title)}</text>')
    return parts


def _x(axis: Axis, value: float) -> float:
    return _EDGE + axis.place(value) * (_WIDTH - 10 - _EDGE)


def _y(axis: Axis, value: float) -> float:
    return _HEIGHT - _EDGE - axis.place(value) * (_HEIGHT - _EDGE - 28)
