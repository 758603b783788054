"""How a head is seen, and how large it is drawn."""

from dataclasses import dataclass, field

CANVAS = 320
"""Heads are drawn at this many pixels a side and then resized: the grid is about as fine as that."""
SPAN = 4.2
"""Units across a tile: a face, two units wide, takes 0.48 of it."""
EYES_Y = 0.46
"""Where the eyes of a level head lie in a tile, from its top, as a part of its height."""


@dataclass(frozen=True)
class Expression:
    """Each 0..1: corners of the mouth up, mouth open, eyes closed."""

    smile: float = 0.0
    open_mouth: float = 0.0
    blink: float = 0.0


@dataclass(frozen=True)
class Light:
    """`side` -1 (from the left) .. 1, `above` -1..1, `gain` about 1, `warmth` -1 (blue) .. 1 (red)."""

    side: float = 0.2
    above: float = 0.4
    gain: float = 1.0
    warmth: float = 0.0


@dataclass(frozen=True)
class View:
    """How a head is seen: degrees (yaw to the picture's right, pitch down, roll clockwise); `seed` draws clothes."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    expression: Expression = field(default_factory=Expression)
    light: Light = field(default_factory=Light)
    seed: int = 0
