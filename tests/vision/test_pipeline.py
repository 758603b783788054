"""How often a picture is looked at, and which of its looks counts."""

from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from chalicelib.domain.sightings import Box
from chalicelib.vision.decode import Picture, decode_picture
from chalicelib.vision.faces import Face
from chalicelib.vision.pack import Pack, load_pack
from chalicelib.vision.pipeline import DARK_LUMA, Pipeline
from chalicelib.vision.quality import measure, reasons
from infra.demo.identity import draw_identity
from infra.demo.scenes import registration_photos


class Staged(Pipeline):
    """Finds as many faces as it is told, look by look, and remembers what it was shown."""

    def __init__(self, pack: Pack, *faces_by_look: int) -> None:
        super().__init__(pack)
        self.faces_by_look = faces_by_look
        self.seen: list[Picture] = []

    @cached_property
    def _detector(self) -> "Staged":
        return self

    def detect(self, picture: Picture) -> list[Face]:
        self.seen.append(picture)
        face = Face(Box(1, 1, 9, 9), np.ones((5, 2), np.float32), 0.9)
        return [face] * self.faces_by_look[len(self.seen) - 1]


def flat(luma: int) -> Picture:
    return np.full((48, 64, 3), luma, np.uint8)


@pytest.fixture(scope="module")
def photo() -> Picture:
    """One drawn person."""
    person = draw_identity("person 1", np.random.default_rng(1))
    return decode_picture(registration_photos(person, seed=1, count=1)[0])


def darkened(picture: Picture, gain: float) -> Picture:
    return (picture * gain).astype(np.uint8)


@pytest.mark.parametrize("luma", [int(DARK_LUMA), 90, 255])
@pytest.mark.parametrize("faces", [0, 2])
def test_a_bright_picture_is_looked_at_once_whether_or_not_there_are_faces(
    pack: Pack, luma: int, faces: int
) -> None:
    pipeline, picture = Staged(pack, faces), flat(luma)
    look = pipeline.look(picture)
    assert (len(look.faces), len(pipeline.seen)) == (faces, 1)
    assert look.picture is pipeline.seen[0] is picture


@pytest.mark.parametrize("luma", [int(DARK_LUMA) - 1, 10, 1])
def test_a_dark_picture_is_looked_at_again_brightened(pack: Pack, luma: int) -> None:
    pipeline, picture = Staged(pack, 0, 2), flat(luma)
    look = pipeline.look(picture)
    assert len(look.faces) == 2
    assert look.picture is pipeline.seen[1]
    assert look.picture.dtype == np.uint8
    assert look.picture.mean() == pytest.approx(0.45 * 255, abs=1)
    assert (picture == luma).all(), "the picture itself is left as it is"


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 1), (0, 0)])
def test_what_is_not_more_faces_brightened_does_not_count(pack: Pack, first: int, second: int) -> None:
    pipeline, picture = Staged(pack, first, second), flat(10)
    look = pipeline.look(picture)
    assert (len(look.faces), len(pipeline.seen)) == (first, 2)
    assert look.picture is picture


def test_a_dark_picture_is_looked_at_once_if_it_is_not_to_be_brightened(pack: Pack) -> None:
    pipeline = Staged(pack, 0, 2)
    assert pipeline.look(flat(10), brighten=False).faces == []
    assert len(pipeline.seen) == 1


@pytest.mark.parametrize("picture", [flat(0), np.zeros((1, 1, 3), np.uint8), np.ones((1, 3000, 3), np.uint8)])
def test_blackness_of_any_shape_can_be_brightened(pack: Pack, picture: Picture) -> None:
    assert Staged(pack, 0, 0).look(picture).faces == []


def test_a_face_that_is_lost_in_the_dark_is_found_brightened_and_known(pack: Pack, photo: Picture) -> None:
    pipeline, dark = Pipeline(pack), darkened(photo, 0.08)
    assert pipeline.look(dark, brighten=False).faces == []
    found, lit = pipeline.look(dark), pipeline.look(photo)
    assert len(found.faces) == len(lit.faces) == 1
    (in_the_dark,), (in_the_light,) = (pipeline.embed(look.picture, look.faces) for look in (found, lit))
    assert in_the_dark @ in_the_light > 0.98


def test_a_face_found_brightened_is_still_too_dark_to_enrol_from(pack: Pack, photo: Picture) -> None:
    dark = darkened(photo, 0.08)
    look = Pipeline(pack).look(dark)
    assert [fault.value for fault in reasons(measure(dark, look.faces[0]))] == ["too_dark"]
    assert not reasons(measure(look.picture, look.faces[0])), "brightened, it would pass"


def test_no_faces_have_no_embeddings_and_load_no_embedder(pack_dir: Path, photo: Picture) -> None:
    pipeline = Pipeline(load_pack(pack_dir))
    assert pipeline.embed(photo, []).shape == (0, 128)
    assert "_embedder" not in vars(pipeline)
