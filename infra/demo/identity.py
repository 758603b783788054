"""Who a procedural student is: the numbers a head is built from, and how a new one is drawn."""

from dataclasses import asdict, dataclass, fields

import numpy as np

SKINS = (
    (245, 212, 190),
    (233, 193, 165),
    (222, 176, 142),
    (203, 152, 115),
    (176, 124, 90),
    (143, 97, 68),
    (110, 73, 52),
    (84, 57, 43),
)
"""RGB, 0..255, lit from the front."""
HAIR_COLOURS = (
    (28, 22, 20),
    (58, 40, 30),
    (96, 64, 40),
    (150, 108, 62),
    (206, 172, 116),
    (142, 66, 34),
    (172, 168, 162),
)
IRIS_COLOURS = ((62, 40, 26), (98, 68, 40), (92, 102, 62), (84, 116, 148), (104, 112, 118))
HAIR_STYLES = ("bald", "cropped", "short", "parted", "fringe", "curly", "long")
BEARDS = ("none", "stubble", "moustache", "goatee", "full")
GLASSES = ("none", "round", "square")


@dataclass(frozen=True)
class Identity:
    """One face. Lengths in units of half a face's width, eyes at y = 0, y down; angles in radians; rest 0..1."""

    name: str
    texture: int
    skin: int
    hair_colour: int
    hair_style: int
    iris: int
    beard: int
    glasses: int
    face_width: float
    depth: float
    crown: float
    jaw_width: float
    chin_width: float
    chin_y: float
    chin_bump: float
    cheek: float
    brow_ridge: float
    eye_x: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    socket: float
    lid: float
    brow_y: float
    brow_height: float
    brow_tilt: float
    brow_arch: float
    nose_y: float
    nose_width: float
    nose_tip: float
    nose_bridge: float
    mouth_y: float
    mouth_width: float
    lip_upper: float
    lip_lower: float
    lip_red: float
    hairline: float
    hair_volume: float
    age: float
    freckles: float
    blush: float


_CHOICES = {
    "texture": 10_000,
    "skin": len(SKINS),
    "hair_colour": len(HAIR_COLOURS),
    "hair_style": len(HAIR_STYLES),
    "iris": len(IRIS_COLOURS),
    "beard": len(BEARDS),
    "glasses": len(GLASSES),
}
_RANGES = {
    "face_width": (0.9, 1.08),
    "depth": (1.05, 1.3),
    "crown": (1.45, 1.65),
    "jaw_width": (0.7, 0.97),
    "chin_width": (0.4, 0.75),
    "chin_y": (1.4, 1.72),
    "chin_bump": (0.0, 0.14),
    "cheek": (0.0, 0.13),
    "brow_ridge": (0.0, 0.1),
    "eye_x": (0.38, 0.49),
    "eye_width": (0.18, 0.26),
    "eye_height": (0.06, 0.115),
    "eye_tilt": (-0.16, 0.2),
    "socket": (0.04, 0.16),
    "lid": (0.0, 1.0),
    "brow_y": (0.22, 0.36),
    "brow_height": (0.025, 0.075),
    "brow_tilt": (-0.08, 0.08),
    "brow_arch": (0.0, 0.09),
    "nose_y": (0.52, 0.76),
    "nose_width": (0.17, 0.31),
    "nose_tip": (0.22, 0.44),
    "nose_bridge": (0.04, 0.2),
    "mouth_y": (0.3, 0.42),  # below the nose
    "mouth_width": (0.3, 0.48),
    "lip_upper": (0.03, 0.1),
    "lip_lower": (0.05, 0.13),
    "lip_red": (0.1, 0.9),
    "hairline": (0.62, 1.05),
    "hair_volume": (0.05, 0.3),
    "age": (0.0, 1.0),
    "freckles": (0.0, 1.0),
    "blush": (0.0, 1.0),
}
_DECIMALS = 3
_DARK_SKIN = 5
_DARK_OR_GREY = (0, 0, 1, 6)
_BROWN = (0, 1)


def draw_identity(name: str, rng: np.random.Generator) -> Identity:
    """A face at random, rounded as the committed table is; half wear neither beard nor glasses."""
    values: dict[str, int | float] = {key: int(rng.integers(count)) for key, count in _CHOICES.items()}
    if int(values["skin"]) >= _DARK_SKIN:
        values["hair_colour"] = int(rng.choice(_DARK_OR_GREY))
        values["iris"] = int(rng.choice(_BROWN))
    for key in ("beard", "glasses"):
        values[key] = int(values[key]) if rng.random() < 0.5 else 0
    for key, (low, high) in _RANGES.items():
        values[key] = round(float(rng.uniform(low, high)), _DECIMALS)
    return identity_of({"name": name, **values})


def identity_of(row: dict[str, object]) -> Identity:
    """An identity of a row of the table. Raises TypeError if the columns are not exactly the fields."""
    return Identity(**row)  # type: ignore[arg-type]


def row_of(identity: Identity) -> dict[str, object]:
    return asdict(identity)


def columns() -> tuple[str, ...]:
    return tuple(field.name for field in fields(Identity))
