"""The frames that are measured: composed when the bench runs, of photographs where there are some, else drawn."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from chalicelib.vision.decode import Picture, decode_picture
from infra.demo.camera import jpeg_of
from infra.demo.identities import calibration, shown
from infra.demo.scenes import classroom_frame, compose_photos

_SEED = 1


@dataclass(frozen=True)
class Layout:
    """A frame of `people` faces. It is composed at `shrink` times its size: faces that stand closer are smaller."""

    width: int
    height: int
    people: int
    shrink: float = 1.0


LAYOUTS = (
    Layout(640, 480, 1),
    Layout(640, 480, 24, shrink=1.6),
    Layout(1280, 720, 20),
    Layout(1920, 1080, 12),
)


@dataclass(frozen=True)
class Case:
    name: str
    jpeg: bytes


def faces_folder() -> Path | None:
    """The photographs that ROLLCALL_FACES names."""
    folder = os.environ.get("ROLLCALL_FACES")
    return Path(folder) if folder else None


def cases(layouts: Sequence[Layout] = LAYOUTS, folder: Path | None = None) -> list[Case]:
    """Of photographs below `folder`, one of a person, those in colour first; without it of the demo's drawn heads."""
    kind = "photographs" if folder else "drawn heads"
    return [
        Case(
            f"{layout.width}x{layout.height}, {layout.people} face{'s' if layout.people > 1 else ''}, {kind}",
            _shrunk(_photographed(layout, folder) if folder else _drawn(layout), layout),
        )
        for layout in layouts
    ]


def _photographed(layout: Layout, folder: Path) -> bytes:
    people = [*sorted((folder / "colour").iterdir()), *sorted((folder / "lfw").iterdir())]
    photos = [_first_photo(person) for person in people[: layout.people]]
    return compose_photos(photos, _SEED, *_composed_size(layout)).jpeg


def _drawn(layout: Layout) -> bytes:
    people = [*shown(), *calibration()][: layout.people]
    return classroom_frame(people, _SEED, *_composed_size(layout)).jpeg


def _first_photo(person: Path) -> Picture:
    return decode_picture(sorted(person.glob("*.jpg"))[0].read_bytes())


def _composed_size(layout: Layout) -> tuple[int, int]:
    return round(layout.width * layout.shrink), round(layout.height * layout.shrink)


def _shrunk(jpeg: bytes, layout: Layout) -> bytes:
    if layout.shrink == 1:
        return jpeg
    size = (layout.width, layout.height)
    picture = cv2.resize(decode_picture(jpeg), size, interpolation=cv2.INTER_AREA)
    return jpeg_of(picture.astype("uint8"))
