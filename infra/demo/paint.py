"""The colours of a head, as if lit evenly from everywhere: skin, eyes, brows, mouth, hair, beard, glasses."""

import numpy as np

from infra.demo.identity import BEARDS, GLASSES, HAIR_COLOURS, HAIR_STYLES, IRIS_COLOURS, SKINS, Identity
from infra.demo.surface import COLUMNS, ROWS, Floats, Grid, Plane, hump, noise, plane, ramp
from infra.demo.view import Expression

Colours = Floats
"""(ROWS, COLUMNS, 3) RGB, 0..255."""
LIPS = np.array((168, 62, 66), np.float32)


def paint(identity: Identity, expression: Expression, grid: Grid) -> Colours:
    """(ROWS, COLUMNS, 3) RGB, 0..255."""
    front = ramp(0.0, 0.25, np.cos(grid.azimuth))
    colours = _skin(identity, grid)
    colours *= _creases(identity, expression, grid)[..., None]
    _lips(colours, identity, expression, grid, front)
    _nostrils(colours, identity, grid, front)
    _beard(colours, identity, grid)
    for side in (-1.0, 1.0):
        _eye(colours, identity, expression, side, grid, front)
        _brow(colours, identity, expression, side, grid, front)
    _blend(colours, _hair_colour(identity) * _fibre(identity)[..., None], grid.hair)
    _glasses(colours, identity, grid, front)
    return np.clip(colours, 0, 255)


def _blend(colours: Colours, colour: Floats | tuple[float, ...], mask: Plane) -> None:
    """Lay `colour` over the head where mask is 1."""
    colours += (np.asarray(colour, np.float32) - colours) * mask[..., None]


def _hair_colour(identity: Identity) -> Floats:
    return np.array(HAIR_COLOURS[identity.hair_colour], np.float32)


def _fibre(identity: Identity) -> Plane:
    """Strands: long down the head, or knots where the hair curls."""
    curly = HAIR_STYLES[identity.hair_style] == "curly"
    sigmas = (4.0, 4.0) if curly else (1.2, 14.0)
    return plane(np.clip(1 + 0.22 * noise(identity.texture + 1, *sigmas), 0.4, 1.8))


def _skin(identity: Identity, grid: Grid) -> Colours:
    colours = np.empty((ROWS, COLUMNS, 3), np.float32)
    colours[:] = SKINS[identity.skin]
    coarse, fine = noise(identity.texture + 2, 22, 22), noise(identity.texture + 3, 2, 2)
    colours *= (1 + 0.025 * coarse + 0.012 * fine)[..., None]
    cheeks = hump(np.abs(grid.x), 0.56, 0.26) * hump(grid.y, 0.45, 0.24)
    nose = hump(grid.x, 0, identity.nose_width) * hump(grid.y, identity.nose_y - 0.08, 0.14)
    red = identity.blush * np.clip(cheeks + 0.7 * nose, 0, 1)
    colours *= 1 - red[..., None] * np.array((0.0, 0.16, 0.14), np.float32)
    spots = ramp(1.4, 2.0, noise(identity.texture + 4, 1.3, 1.3))
    band = hump(grid.y, 0.32, 0.28) * hump(np.abs(grid.x), 0.3, 0.4)
    colours *= 1 - 0.35 * identity.freckles * (spots * band)[..., None]
    return colours


def _creases(identity: Identity, expression: Expression, grid: Grid) -> Plane:
    """A factor below 1 where folds and hollows keep light out."""
    side, y, age = np.abs(grid.x), grid.y, identity.age
    mouth_y = identity.nose_y + identity.mouth_y
    dark = 0.22 * hump(side, identity.eye_x - identity.eye_width, 0.07) * hump(y, 0.0, 0.08)
    dark = dark + (0.08 + 0.14 * age) * hump(side, identity.eye_x, 0.2) * hump(y, 0.16, 0.05)
    dark = dark + 0.18 * hump(grid.x, 0, identity.nose_width) * hump(y, identity.nose_y + 0.08, 0.05)
    along = np.clip((y - identity.nose_y + 0.06) / (identity.mouth_y + 0.06), 0, 1)
    fold_x = identity.nose_width + 0.05 + (identity.mouth_width - identity.nose_width + 0.06) * along
    fold_ends = ramp(identity.nose_y - 0.12, identity.nose_y, y) * ramp(mouth_y + 0.12, mouth_y, y)
    depth = 0.06 + 0.22 * age + 0.14 * expression.smile
    dark = dark + depth * hump(side - fold_x, 0, 0.035) * fold_ends
    for height in (0.44, 0.54, 0.64):
        dark = dark + 0.16 * age * hump(y + 0.04 * side, -height, 0.018) * ramp(0.6, 0.3, side)
    dark = dark + 0.16 * hump(grid.x, 0, 0.25) * hump(y, mouth_y + identity.lip_lower + 0.09, 0.05)
    dark = dark + 0.12 * ramp(0.75, 1.3, np.abs(grid.azimuth))
    return plane(1 - np.clip(dark, 0, 0.7))


def _lips(colours: Colours, identity: Identity, expression: Expression, grid: Grid, front: Plane) -> None:
    width = identity.mouth_width * (1 + 0.15 * expression.smile)
    across = grid.x / width
    arc = np.clip(1 - across**2, 0, 1)
    y = grid.y - identity.nose_y - identity.mouth_y + (0.11 * across**2 - 0.03) * expression.smile
    gap = 0.14 * expression.open_mouth * arc
    upper = identity.lip_upper * np.sqrt(arc) * (1 - 0.3 * hump(grid.x, 0, 0.06)) + gap * 0.3
    lower = identity.lip_lower * arc**0.7 + gap
    soft = 0.012
    inside = ramp(-soft, soft, y + upper) * ramp(soft, -soft, y - lower) * (arc > 0) * front
    skin = np.array(SKINS[identity.skin], np.float32)
    tint = skin * 0.82 + (LIPS * (0.45 + 0.55 * skin[0] / 245) - skin * 0.82) * identity.lip_red
    _blend(colours, tint, inside)
    colours *= 1 - 0.12 * (inside * ramp(soft, -soft, y))[..., None]
    line = np.exp(-((y / 0.014) ** 2)) * ramp(1.05, 0.9, np.abs(across)) * front
    _blend(colours, tint * 0.35, (0.85 * line))
    if expression.open_mouth > 0:
        dark = ramp(-soft, soft, y + gap * 0.3) * ramp(soft, -soft, y - gap) * (arc > 0.05) * front
        _blend(colours, (52.0, 20.0, 22.0), dark)
        teeth = dark * ramp(0.5, 0.4, (y + gap * 0.3) / (gap + 1e-3)) * ramp(0.85, 0.7, np.abs(across))
        _blend(colours, (226.0, 220.0, 206.0), teeth)


def _nostrils(colours: Colours, identity: Identity, grid: Grid, front: Plane) -> None:
    holes = hump(np.abs(grid.x), identity.nose_width * 0.42, 0.05) * hump(
        grid.y, identity.nose_y + 0.035, 0.03
    )
    wings = hump(np.abs(grid.x), identity.nose_width * 1.02, 0.03) * hump(
        grid.y, identity.nose_y - 0.04, 0.09
    )
    colours *= 1 - (front * np.clip(0.75 * holes + 0.25 * wings, 0, 1))[..., None]


def _eye(
    colours: Colours, identity: Identity, expression: Expression, side: float, grid: Grid, front: Plane
) -> None:
    dx, dy = grid.x * side - identity.eye_x, grid.y
    tilt = identity.eye_tilt
    u = (dx * np.cos(tilt) - dy * np.sin(tilt)) / identity.eye_width
    v = dx * np.sin(tilt) + dy * np.cos(tilt)
    arc = np.clip(1 - u**2, 0, 1)
    opening = identity.eye_height * (1 - expression.blink) * (1 - 0.18 * expression.smile)
    upper, lower = v + opening * arc**0.8, v - 0.75 * opening * arc
    soft = 0.012
    white = ramp(-soft, soft, upper) * ramp(soft, -soft, lower) * (arc > 0) * front
    shade = 1 - 0.4 * ramp(0.05, -0.01, upper)
    _blend(colours, np.array((232, 226, 220), np.float32) * shade[..., None], white)
    radius = np.hypot(dx, dy + 0.15 * opening)
    iris = (
        np.array(IRIS_COLOURS[identity.iris], np.float32) * (0.75 + 0.4 * ramp(0.03, 0.08, radius))[..., None]
    )
    _blend(colours, iris * shade[..., None], (white * ramp(0.098, 0.082, radius)))
    _blend(colours, (12.0, 10.0, 10.0), (white * ramp(0.048, 0.036, radius)))
    glint = white * ramp(0.026, 0.014, np.hypot(grid.x - side * identity.eye_x + 0.03, dy + 0.035))
    _blend(colours, (250.0, 250.0, 250.0), glint)
    within = ramp(1.08, 0.92, np.abs(u)) * front
    lashes = np.exp(-((upper / 0.018) ** 2)) * within * 0.85
    crease = np.exp(-(((upper + 0.05 + 0.02 * identity.lid) / 0.02) ** 2)) * within * 0.4 * identity.lid
    rim = np.exp(-((lower / 0.012) ** 2)) * within * 0.3
    dark = np.clip(lashes + crease + rim, 0, 0.9)
    _blend(colours, np.array(SKINS[identity.skin], np.float32) * 0.18, dark)


def _brow(
    colours: Colours, identity: Identity, expression: Expression, side: float, grid: Grid, front: Plane
) -> None:
    q = (grid.x * side - identity.eye_x * 1.02) / (identity.eye_width * 1.35)
    line = -identity.brow_y - identity.brow_arch * (1 - q**2) - identity.brow_tilt * q
    thick = identity.brow_height * (1 - 0.45 * np.clip(q, 0, 1.2)) + 0.004
    mask = ramp(1.0, 0.35, np.abs(grid.y - line + 0.02 * expression.open_mouth) / (thick * 1.3))
    mask = mask * ramp(1.1, 0.85, np.abs(q)) * front
    strands = np.clip(0.85 + 0.15 * noise(identity.texture + 6, 1.0, 3.0), 0.3, 1)
    _blend(colours, _hair_colour(identity) * 0.6 + 8, (0.9 * mask * strands))


def _beard(colours: Colours, identity: Identity, grid: Grid) -> None:
    style = BEARDS[identity.beard]
    if style == "none":
        return
    x, y = np.abs(grid.x), grid.y
    mouth_y = identity.nose_y + identity.mouth_y
    lips = ramp(
        1.15, 0.95, np.hypot(x / (identity.mouth_width * 1.02), (y - mouth_y) / (identity.lip_lower + 0.02))
    )
    moustache = ramp(identity.mouth_width + 0.12, identity.mouth_width - 0.02, x) * hump(
        y + 0.25 * x**2, identity.nose_y + identity.mouth_y * 0.52, 0.1
    )
    goatee = ramp(identity.mouth_width + 0.1, identity.mouth_width - 0.08, x) * ramp(
        mouth_y + 0.08, mouth_y + 0.2, y
    )
    cheeks = ramp(0.0, 0.15, y - (mouth_y - 0.12 - 0.75 * np.clip(np.abs(grid.azimuth) - 0.45, 0, 1)))
    mask = {
        "moustache": moustache,
        "goatee": np.maximum(moustache, goatee),
        "full": np.maximum(moustache, cheeks),
        "stubble": 0.45 * np.maximum(moustache, cheeks),
    }[style]
    strands = np.clip(0.85 + 0.2 * noise(identity.texture + 7, 1.2, 2.5), 0.2, 1.0)
    _blend(
        colours,
        _hair_colour(identity) * 0.8,
        (np.clip(mask, 0, 1) * strands * 0.92 * (1 - lips)),
    )


def _glasses(colours: Colours, identity: Identity, grid: Grid, front: Plane) -> None:
    style = GLASSES[identity.glasses]
    if style == "none":
        return
    power = 2.0 if style == "round" else 4.5
    radius_x, radius_y = identity.eye_width + 0.1, (0.27 if style == "round" else 0.22)
    dx = np.abs(np.abs(grid.x) - identity.eye_x) / radius_x
    dy = np.abs(grid.y - 0.04) / radius_y
    rim = np.exp(-((((dx**power + dy**power) ** (1 / power) - 1) / 0.08) ** 2))
    inner = identity.eye_x - radius_x
    bridge = ramp(0.035, 0.015, np.abs(grid.y + 0.02)) * (np.abs(grid.x) < inner)
    outer = (np.abs(grid.x) > identity.eye_x + radius_x) * ramp(0.04, 0.02, np.abs(grid.y + 0.02))
    frame = np.clip(rim + bridge, 0, 1) * front + outer * (1 - grid.hair)
    tone = (30.0, 26.0, 30.0) if identity.texture % 2 else (92.0, 58.0, 36.0)
    _blend(colours, tone, (0.92 * np.clip(frame, 0, 1)))
