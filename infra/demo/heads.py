"""Renders a person's head as a small picture with transparency: turned, lit, and set on neck and shoulders."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from infra.demo.body import draw_body
from infra.demo.identity import Identity
from infra.demo.paint import paint
from infra.demo.surface import Floats, build_grid, plane
from infra.demo.view import CANVAS, EYES_Y, SPAN, Expression, Light, View

Tile = NDArray[np.uint8]
_CAMERA_Z = 6.0


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
    canvas = draw_body(identity, view, turn)
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
