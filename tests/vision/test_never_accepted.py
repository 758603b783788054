"""The whole way with a class of drawn people enrolled: pictures of nobody are nobody's, and a person is there once.

Twice: with the thresholds for photographs, and with those for drawn people.
"""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from chalicelib.domain.sightings import Decision, Sighting
from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.embedder import Embedder
from chalicelib.vision.matching import Gallery, match
from chalicelib.vision.pack import Pack, load_pack
from chalicelib.vision.recogniser import Recogniser
from infra.demo.identities import shown
from infra.demo.scenes import registration_photos
from infra.demo.view import Light, View
from tests.vision import nobodies
from tests.vision.nobodies import Picture

PEOPLE = shown()[:8]
SEEDS = range(6)


@pytest.fixture(scope="module", params=["pack_dir", "heads_pack"])
def pack(request: pytest.FixtureRequest) -> Pack:
    return load_pack(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def recogniser(pack: Pack) -> Recogniser:
    return Recogniser(pack)


@pytest.fixture(scope="module")
def gallery(recogniser: Recogniser) -> Gallery:
    def enrolled(place: int) -> Template:
        views = recogniser.extract_views(registration_photos(PEOPLE[place], seed=1, count=2))
        return Template(
            PEOPLE[place].name, recogniser.model_id, (Occasion("registration", views.embeddings),)
        )

    return recogniser.gallery([enrolled(place) for place in range(len(PEOPLE))])


@pytest.fixture(scope="module")
def look(recogniser: Recogniser, gallery: Gallery) -> Callable[[Picture], tuple[Sighting, ...]]:
    def look(picture: Picture) -> tuple[Sighting, ...]:
        data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
        return recogniser.recognise(data, gallery).sightings

    return look


Look = Callable[[Picture], tuple[Sighting, ...]]


def accepted(sightings: tuple[Sighting, ...]) -> list[str | None]:
    return [each.candidate for each in sightings if each.decision is Decision.ACCEPTED]


def test_a_whole_face_is_accepted_so_that_what_follows_means_something(look: Look) -> None:
    for person in PEOPLE:
        assert accepted(look(nobodies.portrait(person, View()))) == [person.name]


@pytest.mark.parametrize("kind", nobodies.PICTURES)
def test_a_picture_of_nobody_is_never_accepted(look: Look, kind: str) -> None:
    for seed in SEEDS:
        assert accepted(look(nobodies.PICTURES[kind](np.random.default_rng(seed)))) == []


def test_a_drawn_head_is_taken_for_a_face_and_for_nobody(look: Look) -> None:
    """The detector is fooled; the embedder and the thresholds are not."""
    sightings = look(nobodies.cartoon(np.random.default_rng(1)))
    assert [each.decision for each in sightings] == [Decision.UNKNOWN]


@pytest.mark.parametrize("kind", nobodies.PICTURES)
def test_what_is_no_face_is_nobody_s_even_where_a_detector_takes_it_for_one(
    pack: Pack, gallery: Gallery, kind: str
) -> None:
    pictures = [nobodies.PICTURES[kind](np.random.default_rng(seed)) for seed in SEEDS]
    size = (pack.embedder.size, pack.embedder.size)
    chips = np.stack([cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in pictures])
    operating = pack.thresholds.operating(len(gallery.person_ids), normalised=gallery.normalises)
    for chip in Embedder(pack).embed(chips):
        (found,) = match(chip[None], gallery, operating, stranger_share=0.1)
        assert found.decision is not Decision.ACCEPTED


@pytest.mark.parametrize("kind", nobodies.UNDONE)
def test_an_enrolled_face_undone_is_never_accepted(look: Look, kind: str) -> None:
    for place, person in enumerate(PEOPLE):
        face = nobodies.portrait(person, View(yaw=4.0 * (place % 3)))
        assert accepted(look(nobodies.UNDONE[kind](face, np.random.default_rng(place)))) == []


def mirrored(face: Picture) -> Picture:
    return np.ascontiguousarray(face[:, ::-1])


def hung_as_a_poster(face: Picture) -> Picture:
    """Smaller, paler, in a frame."""
    small = cv2.resize(face, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    pale = (small * 0.8 + 50).clip(0, 255).astype(np.uint8)
    left, top = (face.shape[1] - pale.shape[1]) // 2, (face.shape[0] - pale.shape[0]) // 2
    edges = (top, face.shape[0] - pale.shape[0] - top, left, face.shape[1] - pale.shape[1] - left)
    return np.asarray(cv2.copyMakeBorder(pale, *edges, cv2.BORDER_CONSTANT, value=(90, 60, 40)), np.uint8)


@pytest.mark.parametrize("copied", [np.copy, mirrored, hung_as_a_poster], ids=["copy", "mirror", "poster"])
def test_a_person_twice_in_a_frame_is_marked_once(look: Look, copied: Callable[[Picture], Picture]) -> None:
    for person, neighbour in zip(PEOPLE[:4], PEOPLE[4:], strict=True):
        face = nobodies.portrait(person, View(light=Light(side=0.0)))
        beside = nobodies.portrait(neighbour, View(yaw=5))
        sightings = look(np.hstack([copied(face), face, beside]))
        assert len(sightings) == 3  # the copy is seen
        assert sorted(map(str, accepted(sightings))) == sorted([person.name, neighbour.name])
        assert [each.candidate for each in sightings].count(person.name) == 1
