"""Renders a person's head as a small picture with transparency: turned, lit, and set on neck and shoulders."""

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from infra.demo.identity import HAIR_COLOURS, HAIR_STYLES, SKINS, Identity
from infra.demo.paint import paint
from infra.demo.surface import Expression, Floats, build_grid, plane

Tile = NDArray[np.uint8]
CANVAS = 320
"""Heads are drawn at this many pixels a side and then resized: the grid is about as fine as that."""
SPAN = 4.2
"""Units across a tile: a face, two units wide, takes 0.48 of it."""
EYES_Y = 0.46
"""Where the eyes of a level head lie in a tile, from its top, as a part of its height."""
_CAMERA_Z = 6.0


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


@dataclass(frozen=True)
class _Surface:
    """The points seen from somewhere in front, each (n, 3) float32."""

    points: Floats
    normals: Floats
    colours: Floats
    gloss: Floats


def render_head(identity: Identity, view: View, size: int) -> Tile:
    """(size, size, 4) uint8 RGBA, not premultiplied; the eyes lie at (0.5, EYES_Y) of it when level."""
    surface = _surface(identity, view.expression)
    turn = _turn(view)
    canvas = _body(identity, view, turn)
    points, shown = _project(surface.points @ turn.T)
    normals = surface.normals @ turn.T
    facing = normals[:, 2] > 0.02
    order = np.flatnonzero(facing & shown)
    order = order[np.argsort(points[order, 2])]  # far to near: the nearest is written last and stays
    lit = _light(surface.colours[order], normals[order], surface.gloss[order], view.light)
    head = _splat(points[order], lit)
    tile = _over(canvas, head)
    scale = cv2.INTER_AREA if size < CANVAS else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(tile, (size, size), interpolation=scale), np.uint8)


@lru_cache(maxsize=48)
def _surface(identity: Identity, expression: Expression) -> _Surface:
    grid = build_grid(identity, expression)
    points = np.stack((grid.x, grid.y, grid.z), axis=-1)
    down, across = np.gradient(points, axis=0), np.gradient(points, axis=1)
    normals = np.cross(across, down)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True) + 1e-9
    gloss = 1 - grid.hair
    return _Surface(
        plane(points).reshape(-1, 3),
        plane(normals).reshape(-1, 3),
        paint(identity, expression, grid).reshape(-1, 3),
        gloss.reshape(-1),
    )


def _turn(view: View) -> Floats:
    """(3, 3): turns a column vector by yaw, then pitch, then roll."""
    yaw, pitch, roll = np.radians((view.yaw, view.pitch, view.roll))
    cy, sy, cp, sp, cr, sr = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(roll),
        np.sin(roll),
    )
    about_y = np.array(((cy, 0, sy), (0, 1, 0), (-sy, 0, cy)))
    about_x = np.array(((1, 0, 0), (0, cp, sp), (0, -sp, cp)))
    about_z = np.array(((cr, -sr, 0), (sr, cr, 0), (0, 0, 1)))
    return plane(about_z @ about_x @ about_y)


def _project(points: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Columns and rows in the canvas with z kept, (n, 3), and which lie within it."""
    scale = CANVAS / SPAN * (_CAMERA_Z - 1) / (_CAMERA_Z - points[:, 2])
    column = points[:, 0] * scale + CANVAS * 0.5
    row = points[:, 1] * scale + CANVAS * EYES_Y
    shown = (column >= 0) & (column < CANVAS - 1) & (row >= 0) & (row < CANVAS - 1)
    return np.stack((column, row, points[:, 2]), axis=1), shown


def _light(
    colours: Floats,
    normals: Floats,
    gloss: Floats,
    light: Light,
) -> Floats:
    """(n, 3): wrapped Lambert, so that no side is black, and a weak highlight on skin."""
    towards = np.array((light.side, -light.above, 1.0), np.float32)
    towards /= np.linalg.norm(towards)
    direct = np.clip((normals @ towards + 0.15) / 1.15, 0, None)
    half = towards + np.array((0, 0, 1), np.float32)
    half /= np.linalg.norm(half)
    shine = 26 * np.clip(normals @ half, 0, 1) ** 24 * gloss
    tone = light.gain * np.array((1 + 0.08 * light.warmth, 1, 1 - 0.08 * light.warmth), np.float32)
    return plane(np.clip((colours * (0.45 + 0.62 * direct)[:, None] + shine[:, None]) * tone, 0, 255))


def _splat(points: Floats, colours: Floats) -> Floats:
    """(CANVAS, CANVAS, 4): each point on one pixel, near over far, and the pixels it left out filled."""
    head = np.zeros((CANVAS, CANVAS, 4), np.float32)
    columns, rows = np.rint(points[:, 0]).astype(np.intp), np.rint(points[:, 1]).astype(np.intp)
    head[rows, columns, :3] = colours
    head[rows, columns, 3] = 255
    closed = cv2.morphologyEx(head[..., 3], cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    weight = cv2.blur(head[..., 3], (3, 3)) / 255
    filled = cv2.blur(head[..., :3], (3, 3)) / np.maximum(weight, 1e-3)[..., None]
    holes = (closed > 0) & (head[..., 3] == 0) & (weight > 0)
    head[holes, :3] = filled[holes]
    head[..., 3] = np.where(holes, 255, head[..., 3])
    return head


def _body(identity: Identity, view: View, turn: Floats) -> Floats:
    """(CANVAS, CANVAS, 4) what stands behind the face: hair, ears, neck and shoulders."""
    rng = np.random.default_rng((identity.texture, view.seed))
    scale, light = CANVAS / SPAN, 0.9 * view.light.gain
    skin = tuple(float(value) * 0.85 * light for value in SKINS[identity.skin])
    hair = tuple(float(value) * 0.6 * light for value in HAIR_COLOURS[identity.hair_colour])
    clothes = tuple(float(value) * light for value in rng.uniform(30, 190, 3))
    canvas = np.zeros((CANVAS, CANVAS, 4), np.float32)

    def spot(x: float, y: float, z: float) -> tuple[float, float]:
        px, py, _ = turn @ np.array((x, y, z), np.float32)
        return CANVAS * 0.5 + scale * float(px), CANVAS * EYES_Y + scale * float(py)

    def oval(centre: tuple[float, float], width: float, height: float, colour: tuple[float, ...]) -> None:
        box = (centre, (2 * width * scale, 2 * height * scale), view.roll)
        cv2.ellipse(canvas, box, (*colour, 255.0), -1, cv2.LINE_AA)

    long_hair = HAIR_STYLES[identity.hair_style] == "long"
    if long_hair:
        oval(spot(0, 0.2, -0.3), identity.face_width * 1.22, identity.crown * 1.05, hair)
    neck = 0.54 * identity.face_width
    middle = CANVAS * 0.5
    left, right = int(middle - neck * scale), int(middle + neck * scale)
    shoulder = int(CANVAS * 0.9)
    for row in range(int(CANVAS * EYES_Y), shoulder):  # in the chin's shadow above, lighter below
        shade = 0.6 + 0.5 * (row / CANVAS - EYES_Y)
        canvas[row, left:right] = (*(value * shade for value in skin), 255.0)
    bottom = ((middle, CANVAS * 1.04), (3.9 * scale, 1.7 * scale), 0.0)
    cv2.ellipse(canvas, bottom, (*clothes, 255.0), -1, cv2.LINE_AA)
    for side in () if long_hair else (-1, 1):
        ear = spot(side * identity.face_width * 0.99, 0.18, 0.0)
        oval(ear, 0.13, 0.27, tuple(value * 0.95 for value in skin))
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 1.6), np.float32)


def _over(below: Floats, above: Floats) -> Tile:
    """Lay the head on its body; its outline is softened by one pixel."""
    alpha = cv2.GaussianBlur(above[..., 3], (0, 0), 0.8) * (above[..., 3] > 0) / 255
    cover = below[..., 3] / 255
    total = alpha + cover * (1 - alpha)
    fade = np.clip((CANVAS - np.arange(CANVAS)) / (0.1 * CANVAS), 0, 1)  # the shoulders end softly
    # The blurred body is premultiplied by its own blurred outline.
    colour = above[..., :3] * alpha[..., None] + below[..., :3] * (1 - alpha)[..., None]
    colour /= np.maximum(total, 1e-3)[..., None]
    return np.dstack((np.clip(colour, 0, 255), total * fade[:, None] * 255)).astype(np.uint8)
