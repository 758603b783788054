"""What stands behind a face: hair, ears, neck and shoulders."""

import cv2
import numpy as np

from infra.demo.identity import HAIR_COLOURS, HAIR_STYLES, SKINS, Identity
from infra.demo.surface import Floats
from infra.demo.view import CANVAS, EYES_Y, SPAN, View


def draw_body(identity: Identity, view: View, turn: Floats) -> Floats:
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
