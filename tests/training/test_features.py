"""What is seen in photographs, and what is kept of it between runs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chalicelib.domain.sightings import Box
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.faces import Face
from chalicelib.vision.pack import Pack, load_pack, read_declaration, write_declaration
from chalicelib.vision.recogniser import Recogniser
from layers.packs.derive import derive_pack
from layers.packs.npz import npz_bytes
from tests.training.made_up import thresholds
from training.degradations import DEGRADATIONS, dark
from training.features import Seen, look_at, main_face, nets_id


@pytest.fixture(scope="module")
def photos(drawn_faces: Path) -> list[Path]:
    return [*sorted((drawn_faces / "people" / "drawn-1").iterdir()), drawn_faces / "strangers/nobody/0.jpg"]


@pytest.fixture(scope="module")
def looked(photos: list[Path], pack: Pack) -> dict[Path, Seen | None]:
    return look_at(photos, pack)


def test_a_photo_has_the_embedding_that_the_service_would_enrol(
    photos: list[Path], looked: dict[Path, Seen | None], pack: Pack
) -> None:
    views = Recogniser(pack).extract_views([photos[0].read_bytes()])
    found = looked[photos[0]]
    assert found is not None
    assert np.frombuffer(views.embeddings[0], "<f4") @ found.enrolling == pytest.approx(1, abs=1e-5)
    assert found.usable
    assert found.quality >= 0.5
    assert found.seconds > 0


def test_a_photo_that_cannot_be_read_shows_nobody(
    photos: list[Path], looked: dict[Path, Seen | None]
) -> None:
    assert looked[photos[-1]] is None


def test_what_was_seen_is_kept_and_read_again_as_it_was(
    photos: list[Path], looked: dict[Path, Seen | None], pack: Pack, tmp_path: Path
) -> None:
    first = look_at(photos, pack, cache=tmp_path)
    kept = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.npz")}
    again = look_at(photos, pack, cache=tmp_path)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.npz")} == kept
    assert len(kept) == len(photos)
    for photo in photos:
        fresh, one, two = looked[photo], first[photo], again[photo]
        if fresh is None:
            assert one is None
            assert two is None
        else:
            assert one is not None
            assert two is not None
            assert np.array_equal(one.embedding, fresh.embedding)
            assert np.array_equal(two.embedding, fresh.embedding)
            assert two.embedding.dtype == np.float32
            assert (two.quality, two.usable) == (fresh.quality, fresh.usable)
            assert two.seconds == one.seconds


def test_a_photo_that_changed_is_looked_at_again(photos: list[Path], pack: Pack, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photos[0].read_bytes())
    before = look_at([photo], pack, cache=tmp_path / "cache")[photo]
    photo.write_bytes(photos[-1].read_bytes())
    assert before is not None
    assert look_at([photo], pack, cache=tmp_path / "cache")[photo] is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda _content: b"",
        lambda content: content[: len(content) // 2],
        lambda _content: b"this is no archive",
        lambda _content: npz_bytes({"embedding": np.ones(3)}),
    ],
    ids=["empty", "cut off", "something else", "a part"],
)
def test_what_was_kept_and_cannot_be_read_is_looked_at_again(
    photos: list[Path],
    looked: dict[Path, Seen | None],
    pack: Pack,
    tmp_path: Path,
    damage: Callable[[bytes], bytes],
) -> None:
    look_at(photos[:1], pack, cache=tmp_path)
    (kept,) = tmp_path.rglob("*.npz")
    written = kept.read_bytes()
    kept.write_bytes(damage(written))
    again, fresh = look_at(photos[:1], pack, cache=tmp_path)[photos[0]], looked[photos[0]]
    assert again is not None
    assert fresh is not None
    assert np.array_equal(again.embedding, fresh.embedding)
    with np.load(kept) as mended:
        assert np.array_equal(mended["embedding"], fresh.embedding)
    assert list(tmp_path.rglob("*.npz")) == [kept]


def test_pictures_made_worse_are_never_kept(photos: list[Path], pack: Pack, tmp_path: Path) -> None:
    worse = look_at(photos[:1], pack, change=dark, cache=tmp_path)[photos[0]]
    assert worse is None or worse.quality < 0.5
    assert not list(tmp_path.iterdir())


def test_other_thresholds_see_the_same_and_another_alignment_does_not(pack: Pack, tmp_path: Path) -> None:
    other = derive_pack(pack.directory, tmp_path / "other", "other", thresholds(0.3))
    assert other.model_id != pack.model_id
    assert nets_id(other) == nets_id(pack)
    declaration = read_declaration(other.directory)
    declaration["embedder"]["mirrored"] = not pack.embedder.mirrored
    (other.directory / "pack.json").write_text(write_declaration(declaration))
    assert nets_id(load_pack(other.directory)) != nets_id(pack)


def test_the_main_face_is_the_one_in_the_middle_not_a_larger_one_beside_it() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    template = Face(box=Box(0, 0, 0, 0), landmarks=np.zeros((5, 2), np.float32), score=1.0)
    beside, middle = replace(template, box=Box(0, 0, 90, 90)), replace(template, box=Box(80, 30, 40, 40))
    assert main_face([beside, middle], picture) is middle
    assert main_face([beside], picture) is beside
    assert main_face([], picture) is None


@pytest.mark.parametrize("name", DEGRADATIONS)
@pytest.mark.parametrize("size", [(250, 250), (120, 161)])
def test_pictures_made_worse_keep_their_form_and_lose_something(name: str, size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    before = picture.copy()
    worse = DEGRADATIONS[name](picture)
    assert (worse.shape, worse.dtype) == (picture.shape, np.uint8)
    assert np.abs(worse.astype(int) - picture).mean() > 1
    assert np.array_equal(picture, before)
    assert np.array_equal(worse, DEGRADATIONS[name](picture))


def test_each_degradation_is_of_what_it_is_called(photos: list[Path]) -> None:
    picture = decode_picture(photos[0].read_bytes())
    worse = {name: change(picture) for name, change in DEGRADATIONS.items()}
    assert worse["dark"].mean() < picture.mean() / 6
    assert (
        np.diff(worse["blurred"].astype(int), axis=1).std() < np.diff(picture.astype(int), axis=1).std() / 2
    )
    assert np.abs(worse["compressed"].astype(int) - picture).mean() < 10
