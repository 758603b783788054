"""The shape of a head: a grid of points wrapped round it, pushed out and in where a face is not an egg.

Units: eyes at y = 0, y down, x to the picture's right, z towards the camera, half a face's width about 1.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from infra.demo.identity import HAIR_STYLES, Identity
from infra.demo.view import Expression

Floats = NDArray[np.floating[Any]]
Plane = Floats
"""(ROWS, COLUMNS): one value for each point of the grid."""
ROWS, COLUMNS = 350, 320
HALF_TURN = 1.9
"""The grid reaches this many radians to either side of the nose; what lies behind is never seen."""


@dataclass(frozen=True)
class Grid:
    """Where each grid point lies: x, y, z and azimuth, each (ROWS, COLUMNS); hair is 0..1."""

    x: Plane
    y: Plane
    z: Plane
    azimuth: Plane
    hair: Plane


def plane(values: ArrayLike) -> Plane:
    return np.asarray(values, np.float32)


def hump(a: Plane, centre: float, width: float) -> Plane:
    """A Gaussian of height 1."""
    return plane(np.exp(-(((a - centre) / width) ** 2)))


def ramp(low: float, high: float, a: Plane) -> Plane:
    """Smoothly 0 below `low` to 1 above `high` (or the other way round if high < low)."""
    t = np.clip((a - low) / (high - low), 0, 1)
    return plane(t * t * (3 - 2 * t))


def noise(seed: int, sigma_x: float, sigma_y: float) -> Plane:
    """Smooth noise over the grid, mean 0, deviation 1; sigmas in grid steps."""
    white = np.random.default_rng(seed).standard_normal((ROWS, COLUMNS), dtype=np.float32)
    smooth = cv2.GaussianBlur(white, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y)
    return plane((smooth - smooth.mean()) / smooth.std())


def build_grid(identity: Identity, expression: Expression) -> Grid:
    """The head's points before it is turned."""
    t = np.linspace(-1, 1, COLUMNS, dtype=np.float32)
    azimuth = np.broadcast_to(HALF_TURN * (0.7 * t + 0.3 * t**3), (ROWS, COLUMNS))  # finest at the nose
    y = np.linspace(-identity.crown, identity.chin_y, ROWS, dtype=np.float32)[:, None] * np.ones_like(azimuth)
    width, depth = _outline(identity, y)
    x = width * np.sin(azimuth)
    cosine = np.cos(azimuth)
    z = depth * np.sign(cosine) * np.abs(cosine) ** 0.95
    z = z + _bumps(identity, expression, x, y) * np.sqrt(np.clip(cosine, 0, 1))
    hair = hair_cover(identity, x, y, azimuth)
    rise = plane(cv2.GaussianBlur(hair, (0, 0), 7))  # a slope, where a step would tear the surface
    swell = 1 + identity.hair_volume * _fullness(identity) * rise
    lift = np.where(y < 0, swell, 1 + (swell - 1) * ramp(0.8, 0, y))
    return Grid(x * swell, plane(y * lift), plane(z * swell), azimuth, hair)


def _outline(identity: Identity, y: Plane) -> tuple[Plane, Plane]:
    """Half width and depth of the head at each height."""
    above = np.clip(1 - (y / identity.crown) ** 2, 0, 1)
    down = np.clip(y / identity.chin_y, 0, 1)
    jaw = 1 - (1 - identity.jaw_width) * ramp(0.1, 0.72, down)
    chin = 1 - (1 - identity.chin_width) * ramp(0.55, 1.0, down)
    closing = np.sqrt(np.clip(1 - down**9, 0, 1))
    width = identity.face_width * np.where(y < 0, above**0.4, jaw * chin * closing)
    depth = identity.depth * np.where(y < 0, above**0.42, (1 - 0.1 * ramp(0.3, 1, down)) * closing)
    return plane(width), plane(depth)


def _bumps(identity: Identity, expression: Expression, x: Plane, y: Plane) -> Plane:
    side, smile = np.abs(x), expression.smile
    mouth_y = identity.nose_y + identity.mouth_y
    z = -identity.socket * hump(side, identity.eye_x, 0.22) * hump(y, -0.02, 0.15)
    z = z + 0.05 * hump(side, identity.eye_x, 0.14) * hump(y, 0.0, 0.08)
    z = z + identity.brow_ridge * hump(side, identity.eye_x * 0.95, 0.3) * hump(y, -identity.brow_y, 0.12)
    z = z + (identity.cheek + 0.05 * smile) * hump(side, 0.56, 0.26) * hump(y, 0.42 - 0.06 * smile, 0.22)
    z = z + identity.chin_bump * hump(x, 0, 0.24) * hump(y, identity.chin_y - 0.24, 0.16)
    z = z + 0.08 * hump(x, 0, identity.mouth_width * 0.7) * hump(y, mouth_y, 0.2)
    z = z + identity.lip_upper * 0.7 * hump(x, 0, identity.mouth_width * 0.6) * hump(y, mouth_y - 0.04, 0.05)
    z = z + identity.lip_lower * 0.7 * hump(x, 0, identity.mouth_width * 0.5) * hump(y, mouth_y + 0.06, 0.06)
    return plane(z + _nose(identity, side, y))


def _nose(identity: Identity, side: Plane, y: Plane) -> Plane:
    """A wedge that widens and rises to the tip, and its two wings."""
    down = np.clip((y + 0.12) / (identity.nose_y + 0.06), 0, 1)
    height = identity.nose_bridge + (identity.nose_tip - identity.nose_bridge) * down**1.3
    width = 0.09 + (identity.nose_width * 0.62 - 0.09) * down
    ends = ramp(-0.3, 0.05, y) * ramp(identity.nose_y + 0.1, identity.nose_y - 0.04, y)
    wings = 0.12 * hump(side, identity.nose_width * 0.75, 0.08) * hump(y, identity.nose_y - 0.05, 0.09)
    return plane(height * np.exp(-((side / width) ** 2)) * ends + wings)


def _fullness(identity: Identity) -> float:
    style = HAIR_STYLES[identity.hair_style]
    return {
        "bald": 0.0,
        "cropped": 0.25,
        "short": 0.6,
        "parted": 0.8,
        "fringe": 0.7,
        "curly": 1.3,
        "long": 0.8,
    }[style]


def hair_cover(identity: Identity, x: Plane, y: Plane, azimuth: Plane) -> Plane:
    """0..1: where hair grows. The line runs over the forehead and comes down before the ears."""
    style = HAIR_STYLES[identity.hair_style]
    if style == "bald":
        return np.zeros_like(y)
    forehead = {"fringe": 0.4, "curly": identity.hairline * 0.95}.get(style, identity.hairline)
    forehead_line = -forehead + 0.12 * x * (style == "parted") + 0.06 * noise(identity.texture + 5, 6, 6)
    sideburn = {"long": 1.2, "curly": 0.35, "cropped": -0.05}.get(style, 0.2)
    temple = ramp(0.85, 1.2, np.abs(azimuth))
    line = forehead_line * (1 - temple) + sideburn * temple
    return ramp(0.05, -0.05, y - line)
