"""What cameras see of the procedural students: registration clips and photos, and frames of a class.

Everything is drawn from its seed: the same arguments give the same bytes on the same machine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from chalicelib.domain.sightings import Box
from infra.demo.camera import Picture, Scene, background, jpeg_of, paste, photograph
from infra.demo.heads import render_head
from infra.demo.identity import Identity
from infra.demo.view import EYES_Y, SPAN, Expression, Light, View

FACE_WIDTHS = (80, 150)
"""Pixels: a face in a classroom frame."""
VIDEO_SIZE = (640, 480)
FRAMES_PER_SECOND = 12
VIDEO_FRAMES = 36
_HELD_FRAMES = 2  # each pose is shown for two frames: half the rendering for the same clip
_EXPRESSIONS = (Expression(), Expression(smile=0.4), Expression(smile=0.8), Expression(open_mouth=0.35))


@dataclass(frozen=True)
class Placed:
    """Where the `index`th of the people (or photographs) given has their face."""

    index: int
    box: Box


@dataclass(frozen=True)
class Frame:
    jpeg: bytes
    placed: tuple[Placed, ...]


def same_place(found: Box, placed: Box) -> bool:
    """Whether two boxes are of one face: detectors draw theirs tighter or wider than the truth."""
    across = (found.left + found.width / 2) - (placed.left + placed.width / 2)
    down = (found.top + found.height / 2) - (placed.top + placed.height / 2)
    return abs(across) < 0.35 * placed.width and abs(down) < 0.35 * placed.height


def registration_video(identity: Identity, seed: int) -> bytes:
    """An MP4 of three seconds, 640 x 480: the head turns a little to both sides while the light drifts."""
    with TemporaryDirectory(prefix="registration-") as directory:
        path = Path(directory, "clip.mp4")
        fourcc = cv2.VideoWriter.fourcc(*"mp4v")
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, FRAMES_PER_SECOND, VIDEO_SIZE)
        for picture in _registration_pictures(identity, seed, VIDEO_FRAMES // _HELD_FRAMES):
            for _ in range(_HELD_FRAMES):
                writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        writer.release()
        return path.read_bytes()


def registration_photos(identity: Identity, seed: int, count: int) -> list[bytes]:
    """JPEGs, 640 x 480, of one occasion."""
    return [jpeg_of(picture) for picture in _registration_pictures(identity, seed, count)]


def classroom_frame(
    people: Sequence[Identity], seed: int, width: int = 1280, height: int = 720, room: int | None = None
) -> Frame:
    """People sitting in rows, each in a pose of their own, under one light.

    `room` draws walls, light and clothes: frames of one class share it. Without it every frame has its own.
    """
    rng, fitting = (
        np.random.default_rng((seed, 2)),
        np.random.default_rng((seed if room is None else room, 6)),
    )
    light = _draw_light(fitting)
    scene = background(fitting, width, height)
    placed = []
    for index, (x, y, face_width) in enumerate(_seats(rng, len(people), width, height)):
        view = View(
            yaw=float(rng.uniform(-14, 14)),
            pitch=float(rng.uniform(-7, 7)),
            roll=float(rng.uniform(-7, 7)),
            expression=_EXPRESSIONS[rng.integers(len(_EXPRESSIONS))],
            light=light,
            seed=seed if room is None else room,
        )
        placed.append(Placed(index, _place(scene, people[index], view, (x, y), face_width)))
    return Frame(jpeg_of(photograph(rng, scene)), tuple(placed))


def compose_photos(photos: Sequence[Picture], seed: int, width: int = 1280, height: int = 720) -> Frame:
    """Photographs with a face in the middle (250 x 250, about 95 pixels of face, as LFW's) set into one frame."""
    rng = np.random.default_rng((seed, 3))
    scene = background(rng, width, height)
    placed = []
    for index, (x, y, face_width) in enumerate(_seats(rng, len(photos), width, height)):
        photo = photos[index]
        side = min(photo.shape[:2])
        scale = face_width / (0.38 * side)
        rows, columns = np.mgrid[: photo.shape[0], : photo.shape[1]].astype(np.float32)
        reach = np.hypot((columns / photo.shape[1] - 0.5) / 0.40, (rows / photo.shape[0] - 0.5) / 0.47)
        alpha = np.clip((1 - reach) / 0.12, 0, 1) * 255
        tile = np.dstack((photo, alpha.astype(np.uint8)))
        paste(scene, tile, scale, (x, y), (photo.shape[1] * 0.5, photo.shape[0] * 0.5))
        face_height = face_width * 1.25
        placed.append(Placed(index, Box(x - face_width / 2, y - face_height / 2, face_width, face_height)))
    return Frame(jpeg_of(photograph(rng, scene)), tuple(placed))


def _registration_pictures(identity: Identity, seed: int, count: int) -> Iterator[Picture]:
    rng = np.random.default_rng((seed, identity.texture, 1))
    width, height = VIDEO_SIZE
    room = background(rng, width, height)
    first, smiling = _draw_light(rng), _EXPRESSIONS[1 + rng.integers(2)]
    sway, nod, drift = rng.choice((-1, 1)) * rng.uniform(9, 13), rng.uniform(-4, 4), rng.uniform(-0.3, 0.3)
    roll, face_width = rng.uniform(-3, 3), rng.uniform(150, 190)
    middle = (width * rng.uniform(0.46, 0.54), height * rng.uniform(0.42, 0.46))
    for number in range(count):
        t = number / max(count - 1, 1)
        view = View(
            yaw=float(sway * np.sin(2 * np.pi * t)),
            pitch=float(nod * np.cos(2 * np.pi * t)),
            roll=float(roll),
            expression=smiling if t > 0.6 else _EXPRESSIONS[0],
            light=Light(
                first.side + drift * t, first.above, first.gain * (1 + 0.1 * drift * t), first.warmth
            ),
            seed=seed,
        )
        scene = room.copy()
        _place(scene, identity, view, middle, face_width)
        yield photograph(np.random.default_rng((seed, identity.texture, number)), scene)


def _draw_light(rng: np.random.Generator) -> Light:
    side, above, gain, warmth = rng.uniform((-0.6, 0.1, 0.85, -1.0), (0.6, 0.7, 1.1, 1.0))
    return Light(float(side), float(above), float(gain), float(warmth))


def _seats(rng: np.random.Generator, count: int, width: int, height: int) -> list[tuple[float, float, float]]:
    """Middles of faces and their widths in pixels, back row first, so that the front row is drawn over it."""
    rows = 1 if count <= 4 else 2 if count <= 12 else 3
    columns = max(-(-count // rows), 1)
    cell_width, cell_height = width / columns, height / rows
    widest = min(FACE_WIDTHS[1], cell_width * 0.62, cell_height * 0.42)
    cells = sorted(rng.choice(rows * columns, count, replace=False).tolist())
    seats = []
    for cell in cells:
        face_width = float(rng.uniform(FACE_WIDTHS[0], max(widest, FACE_WIDTHS[0] + 1)))
        free = max(cell_width - 1.3 * face_width, 0) / 2
        x = (cell % columns + 0.5) * cell_width + rng.uniform(-free, free)
        y = (cell // columns + 0.5) * cell_height + rng.uniform(-0.08, 0.04) * cell_height
        seats.append((float(x), float(y), face_width))
    return seats


def _place(scene: Scene, person: Identity, view: View, middle: tuple[float, float], face_width: float) -> Box:
    """Draw a head with the middle of its face there; answers its box: from the hairline to the chin."""
    tile = render_head(person, view, round(face_width / 2 * SPAN))
    unit = face_width / 2
    up, down = 0.7, person.chin_y
    side = tile.shape[0]
    drop = (down - up) / 2  # from the eyes to the middle of the box
    paste(scene, tile, 1.0, middle, (side * 0.5, side * EYES_Y + drop * unit))
    return Box(middle[0] - unit, middle[1] - (up + down) / 2 * unit, face_width, (up + down) * unit)
