"""What the demo shows: students with their registrations, and frames in which students and strangers are placed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import cv2
import numpy as np

from chalicelib.domain.errors import RollcallError
from chalicelib.domain.media import check_picture
from chalicelib.vision.decode import decode_picture
from infra.demo.camera import Picture
from infra.demo.identity import Identity
from infra.demo.rehearsal import FRAMES, Cast, frames_of, seating
from infra.demo.scenes import Placed, classroom_frame, compose_photos, registration_video

MOST_STUDENTS, MOST_STRANGERS = 20, 6
ENROLMENT_PHOTOS, MOST_PHOTOS_SHOWN, FACES_PER_FRAME = 3, 4, 5
OTHER_FRAMES = 500
"""Numbers of frames from here on are none of those of the class."""
NOBODY: Mapping[str, str] = MappingProxyType({})
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True)
class Upload:
    """One registration: its content type and bytes."""

    content_type: str
    data: bytes


@dataclass(frozen=True)
class SceneFrame:
    """A picture of the class. `people`: the names, as indexed by `placed`."""

    jpeg: bytes
    people: tuple[str, ...]
    placed: tuple[Placed, ...]


class Scenario(Protocol):
    """Pictures are drawn when they are asked for."""

    @property
    def students(self) -> tuple[str, ...]: ...
    @property
    def strangers(self) -> tuple[str, ...]: ...
    def registrations(self, student: str) -> Iterator[Upload]:
        """One for each occasion on which the student enrols."""

    def frames(self) -> Iterator[SceneFrame]: ...

    def picture_of(self, people: Sequence[str], number: int) -> SceneFrame:
        """These people in one frame, another one for every number."""


@dataclass(frozen=True)
class HeadsScenario:
    """Procedural students, who enrol with one video each. `stand_ins`: who acts in a student's video instead."""

    cast: Cast
    seed: int
    stand_ins: tuple[tuple[str, str], ...] = ()
    frame_count: int = FRAMES

    @property
    def students(self) -> tuple[str, ...]:
        return tuple(person.name for person in self.cast.students)

    @property
    def strangers(self) -> tuple[str, ...]:
        return tuple(person.name for person in self.cast.strangers)

    def registrations(self, student: str) -> Iterator[Upload]:
        acting = dict(self.stand_ins).get(student, student)
        yield Upload("video/mp4", registration_video(self._person(acting), 100 * self.seed))

    def frames(self) -> Iterator[SceneFrame]:
        for people, frame in frames_of(self.cast, self.seed, self.frame_count):
            yield SceneFrame(frame.jpeg, tuple(person.name for person in people), frame.placed)

    def picture_of(
        self, people: Sequence[str], number: int, acted_by: Mapping[str, str] = NOBODY
    ) -> SceneFrame:
        """`acted_by`: whose face somebody has who is none of the cast."""
        shown = [self._person(acted_by.get(name, name)) for name in people]
        frame = classroom_frame(shown, 1000 * self.seed + OTHER_FRAMES + number)
        return SceneFrame(frame.jpeg, tuple(people), frame.placed)

    def another_clip_of(self, student: str) -> Upload:
        """The same face on another occasion."""
        return Upload("video/mp4", registration_video(self._person(student), 100 * self.seed + 1))

    def _person(self, name: str) -> Identity:
        return next(person for person in self.cast.everybody if person.name == name)


@dataclass(frozen=True)
class PhotosScenario:
    """Real people: the first photos of each enrol, the rest are set into frames, each photo once."""

    photos_by_student: dict[str, tuple[Path, ...]]
    photos_by_stranger: dict[str, tuple[Path, ...]]
    seed: int

    @property
    def students(self) -> tuple[str, ...]:
        return tuple(self.photos_by_student)

    @property
    def strangers(self) -> tuple[str, ...]:
        return tuple(self.photos_by_stranger)

    def registrations(self, student: str) -> Iterator[Upload]:
        """One photo a registration: photos of other days are other occasions."""
        photos = self.photos_by_student[student]
        for photo in photos[: _enrolling(photos)]:
            yield Upload("image/jpeg", _as_jpeg(photo))

    def frames(self) -> Iterator[SceneFrame]:
        looks = [(name, photo) for name, photos in self.photos_by_student.items() for photo in _shown(photos)]
        looks += [(name, photos[0]) for name, photos in self.photos_by_stranger.items()]
        for number, people in enumerate(_grouped(looks, self.seed)):
            frame = compose_photos([_picture(photo) for _, photo in people], 1000 * self.seed + number)
            yield SceneFrame(frame.jpeg, tuple(name for name, _ in people), frame.placed)

    def picture_of(self, people: Sequence[str], number: int) -> SceneFrame:
        looks = [self._look(name, number) for name in people]
        frame = compose_photos(looks, 1000 * self.seed + OTHER_FRAMES + number)
        return SceneFrame(frame.jpeg, tuple(people), frame.placed)

    def _look(self, name: str, number: int) -> Picture:
        if name in self.photos_by_stranger:
            return _picture(self.photos_by_stranger[name][0])
        shown = _shown(self.photos_by_student[name])
        return _picture(shown[number % len(shown)])


def photos_scenario(faces: Path, strangers: Path | None, seed: int) -> PhotosScenario:
    """A folder per person; those with one photo are the strangers. Raises ValueError if there is nobody to enrol.

    Of many, the seed draws who is shown; those with the most photos are preferred as students.
    """
    people = _people(faces)
    students = {name: photos for name, photos in people.items() if len(photos) > 1}
    if not students:
        raise ValueError(f"{faces} holds no person with two photos or more: a folder per person is expected.")
    alone = {**(_people(strangers) if strangers else {}), **people}
    unknown = [name for name, photos in alone.items() if len(photos) == 1 and name not in students]
    order = np.random.default_rng((seed, 7))
    most_photos = sorted(order.permutation(sorted(students)).tolist(), key=lambda name: -len(students[name]))
    drawn = order.permutation(sorted(unknown)).tolist()[:MOST_STRANGERS]
    return PhotosScenario(
        {name: students[name] for name in sorted(most_photos[:MOST_STUDENTS])},
        {name: alone[name] for name in sorted(drawn)},
        seed,
    )


def _people(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Every folder that holds pictures is a person, however deep it lies. What cannot be read is said and left out."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder.")
    photos: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICTURES and _readable(path):
            photos.setdefault(path.parent.name, []).append(path)
    return {name: tuple(found) for name, found in photos.items()}


def _readable(path: Path) -> bool:
    try:
        check_picture(path.read_bytes())
    except (OSError, RollcallError) as error:
        print(f"{path} is left out: {error}")
        return False
    return True


def _enrolling(photos: Sequence[Path]) -> int:
    """One photo at least is kept to be shown."""
    return min(ENROLMENT_PHOTOS, len(photos) - 1)


def _shown(photos: Sequence[Path]) -> Sequence[Path]:
    return photos[_enrolling(photos) :][:MOST_PHOTOS_SHOWN]


def _grouped(looks: list[tuple[str, Path]], seed: int) -> Iterator[list[tuple[str, Path]]]:
    """Every look once, nobody twice in a frame."""
    waiting = [looks[index] for index in seating(len(looks), 1, len(looks), seed)[0]]
    while waiting:
        here: dict[str, tuple[str, Path]] = {}
        for look in waiting:
            if len(here) < FACES_PER_FRAME:
                here.setdefault(look[0], look)
        waiting = [look for look in waiting if look not in here.values()]
        yield list(here.values())


def _picture(path: Path) -> Picture:
    return decode_picture(path.read_bytes())


def _as_jpeg(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix.lower() in {".jpg", ".jpeg"}:
        return data
    encoded = cv2.imencode(".jpg", cv2.cvtColor(_picture(path), cv2.COLOR_RGB2BGR))[1]
    return encoded.tobytes()
