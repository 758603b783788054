"""The whole way with a real pack: bytes in, sightings and views out. The people are drawn, not photographed."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from chalicelib.domain.errors import (
    ModelNotInstalled,
    TemplateRefused,
    TooManyPixels,
    UnreadableMedia,
    UnreadablePicture,
    UnsupportedMediaType,
)
from chalicelib.domain.sightings import Decision
from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.decode import Picture, decode_picture
from chalicelib.vision.matching import Gallery
from chalicelib.vision.pack import load_pack
from chalicelib.vision.recogniser import HOPELESS_QUALITY, Recogniser
from chalicelib.vision.video import sample_video
from infra.demo.identity import draw_identity
from infra.demo.scenes import classroom_frame, registration_photos

# Three of the drawn people whom the embedder tells apart well; drawn heads are more alike than people are.
ANN, BEN, STRANGER = (draw_identity(f"person {seed}", np.random.default_rng(seed)) for seed in (1, 2, 6))


@pytest.fixture(scope="module")
def recogniser(heads_pack: Path) -> Recogniser:
    """For drawn people, who look more alike than real ones."""
    return Recogniser(load_pack(heads_pack))


@pytest.fixture(scope="module")
def real(pack_dir: Path) -> Recogniser:
    """For photographs."""
    return Recogniser(load_pack(pack_dir))


@pytest.fixture(scope="module")
def photos() -> dict[str, list[bytes]]:
    people = {"ann": ANN, "ben": BEN, "stranger": STRANGER}
    return {name: registration_photos(person, seed=1, count=4) for name, person in people.items()}


@pytest.fixture(scope="module")
def people(recogniser: Recogniser, photos: dict[str, list[bytes]]) -> Gallery:
    """Ann and Ben, enrolled from all photos but the last."""
    return recogniser.gallery([enrolled(recogniser, name, photos[name][:3]) for name in ("ann", "ben")])


def enrolled(recogniser: Recogniser, name: str, uploads: list[bytes]) -> Template:
    views = recogniser.extract_views(uploads)
    return Template(name, recogniser.model_id, (Occasion("registration", views.embeddings),))


def jpeg(picture: Picture) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


def changed(photo: bytes, *, blur: float = 0, gain: float = 1) -> bytes:
    picture = decode_picture(photo)
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.uint8) if blur else picture
    return jpeg((picture * gain).astype(np.uint8))


def side_by_side(*photos: bytes) -> bytes:
    return jpeg(np.hstack([decode_picture(photo) for photo in photos]))


def clip(folder: Path, photos: list[bytes], seconds_each: int = 1) -> bytes:
    path = folder / "clip.avi"
    size = (640, 480)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10, size)
    for photo in photos:
        for _ in range(10 * seconds_each):
            writer.write(cv2.cvtColor(decode_picture(photo), cv2.COLOR_RGB2BGR))
    writer.release()
    return path.read_bytes()


def test_a_person_who_enrolled_is_accepted(recogniser: Recogniser, people: Gallery, photos: dict) -> None:
    (sighting,) = recogniser.recognise(photos["ann"][3], people).sightings
    assert (sighting.candidate, sighting.decision) == ("ann", Decision.ACCEPTED)
    assert sighting.score == sighting.similarity >= sighting.threshold
    assert 0.5 < sighting.quality <= 1
    assert sighting.detection > 0.7
    assert 100 < sighting.box.width < 300


def test_a_stranger_is_not_accepted(recogniser: Recogniser, people: Gallery, photos: dict) -> None:
    (sighting,) = recogniser.recognise(photos["stranger"][3], people).sightings
    assert sighting.decision is Decision.UNKNOWN


def test_with_nobody_enrolled_everybody_is_unknown(recogniser: Recogniser, photos: dict) -> None:
    (sighting,) = recogniser.recognise(photos["ann"][3], recogniser.gallery([])).sightings
    assert (sighting.candidate, sighting.decision) == (None, Decision.UNKNOWN)


def test_each_face_of_a_class_is_matched(recogniser: Recogniser, people: Gallery) -> None:
    frame = classroom_frame([ANN, BEN, STRANGER], seed=3)
    sightings = recogniser.recognise(frame.jpeg, people).sightings
    assert len(sightings) == 3
    accepted = [sighting.candidate for sighting in sightings if sighting.decision is Decision.ACCEPTED]
    assert sorted(accepted) == ["ann", "ben"]
    sizes = [sighting.box.width * sighting.box.height for sighting in sightings]
    assert sizes == sorted(sizes, reverse=True)


def test_a_person_beside_their_mirror_image_is_marked_once(
    recogniser: Recogniser, people: Gallery, photos: dict
) -> None:
    sightings = recogniser.recognise(side_by_side(photos["ann"][3], photos["ann"][2]), people).sightings
    assert sorted((sighting.candidate or "", sighting.decision) for sighting in sightings) == [
        ("", Decision.UNKNOWN),
        ("ann", Decision.ACCEPTED),
    ]


@pytest.mark.parametrize(
    "picture",
    [
        np.full((480, 640, 3), 128, np.uint8),
        np.zeros((480, 640, 3), np.uint8),
        np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8),
        np.full((1, 1, 3), 128, np.uint8),
        np.full((1, 3000, 3), 128, np.uint8),
    ],
    ids=["grey", "black", "noise", "one pixel", "one line"],
)
def test_a_picture_of_nothing_shows_nobody(recogniser: Recogniser, people: Gallery, picture: Picture) -> None:
    sightings = recogniser.recognise(jpeg(picture), people).sightings
    assert all(sighting.decision is Decision.UNKNOWN for sighting in sightings)


def test_a_face_too_blurred_to_trust_is_never_accepted(
    recogniser: Recogniser, people: Gallery, photos: dict
) -> None:
    for sigma in (6, 9, 12):
        for sighting in recogniser.recognise(changed(photos["ann"][3], blur=sigma), people).sightings:
            assert sighting.quality < HOPELESS_QUALITY
            assert sighting.decision is not Decision.ACCEPTED


def test_unreadable_pictures_raise(recogniser: Recogniser, people: Gallery, photos: dict) -> None:
    with pytest.raises(UnreadablePicture):
        recogniser.recognise(photos["ann"][0][:5_000], people)
    with pytest.raises(UnreadablePicture):
        recogniser.recognise(b"", people)
    with pytest.raises(UnsupportedMediaType):
        recogniser.recognise(b"GIF89a", people)
    with pytest.raises(TooManyPixels):
        recogniser.recognise(jpeg(np.zeros((5_100, 5_000, 3), np.uint8)), people)


def test_models_never_mix(recogniser: Recogniser, people: Gallery, photos: dict) -> None:
    other = Gallery.of([], "another-model", people.references.shape[1])
    with pytest.raises(ModelNotInstalled):
        recogniser.recognise(photos["ann"][0], other)
    with pytest.raises(TemplateRefused):
        recogniser.gallery([Template("ann", "another-model", (Occasion("registration", (bytes(512),)),))])


def test_photos_become_views(recogniser: Recogniser, photos: dict) -> None:
    views = recogniser.extract_views(photos["ann"])
    assert 2 <= len(views.embeddings) <= 4
    assert len(views.embeddings) + sum(views.dropped.values()) == views.sampled == 4
    embeddings = np.stack([np.frombuffer(view, "<f4") for view in views.embeddings])
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(np.ones(len(embeddings)), abs=1e-5)


def test_a_clip_becomes_views_that_find_the_person(
    recogniser: Recogniser, photos: dict, tmp_path: Path
) -> None:
    template = enrolled(recogniser, "ann", [clip(tmp_path, photos["ann"][:3])])
    (sighting,) = recogniser.recognise(photos["ann"][3], recogniser.gallery([template])).sightings
    assert sighting.decision is Decision.ACCEPTED


def test_somebody_cut_in_is_the_odd_one_out(recogniser: Recogniser, photos: dict, tmp_path: Path) -> None:
    upload = clip(tmp_path, [*photos["ann"][:3], photos["ben"][0]])
    views = recogniser.extract_views([upload])
    assert views.dropped["odd_one_out"] == 2
    template = Template("ann", recogniser.model_id, (Occasion("registration", views.embeddings),))
    (sighting,) = recogniser.recognise(photos["ben"][1], recogniser.gallery([template])).sightings
    assert sighting.decision is Decision.UNKNOWN


def test_two_people_s_photos_enrol_nobody(recogniser: Recogniser, photos: dict) -> None:
    views = recogniser.extract_views([photos["ann"][0], photos["ben"][0]])
    assert (views.embeddings, views.dropped) == ((), {"odd_one_out": 2})


def test_every_fault_is_counted_under_its_reason(recogniser: Recogniser, photos: dict) -> None:
    photo = photos["ann"][0]
    nobody = jpeg(np.full((480, 640, 3), 128, np.uint8))
    uploads = [
        photo,
        nobody,
        side_by_side(photo, photos["ben"][0]),
        changed(photo, blur=7),
        changed(photo, gain=0.22),
        photo[:5_000],
    ]
    views = recogniser.extract_views(uploads)
    assert len(views.embeddings) == 1
    assert views.sampled == 6
    assert views.dropped == {"no_face": 1, "several_faces": 1, "blurred": 1, "too_dark": 1, "unreadable": 1}


def test_nothing_good_gives_no_view_and_says_why(recogniser: Recogniser) -> None:
    views = recogniser.extract_views([jpeg(np.full((480, 640, 3), 128, np.uint8))])
    assert (views.embeddings, views.sampled, views.dropped) == ((), 1, {"no_face": 1})


def test_nothing_readable_raises(recogniser: Recogniser, photos: dict) -> None:
    with pytest.raises(UnreadableMedia):
        recogniser.extract_views([photos["ann"][0][:5_000], b""])
    with pytest.raises(UnsupportedMediaType):
        recogniser.extract_views([b"ffconcat version 1.0\nfile secret.avi\n"])


@pytest.fixture(scope="module")
def faces() -> Path:
    folder = os.environ.get("ROLLCALL_FACES")
    if not folder:
        pytest.skip("ROLLCALL_FACES names no folder of photos and clips")
    return Path(folder)


def test_a_real_clip_of_one_person_enrols_and_finds_that_person_only(real: Recogniser, faces: Path) -> None:
    clips = sorted((faces / "videos").glob("single-*.mp4"))
    people = real.gallery([enrolled(real, path.stem, [path.read_bytes()]) for path in clips])
    for path in clips:
        *_, last = sample_video(path.read_bytes(), every_seconds=0.7)
        accepted = [
            sighting.candidate
            for sighting in real.recognise(jpeg(last), people).sightings
            if sighting.decision is Decision.ACCEPTED
        ]
        assert accepted == [path.stem]


def test_people_walking_past_enrol_nobody_and_are_taken_for_nobody(real: Recogniser, faces: Path) -> None:
    crowd = (faces / "videos" / "group-walking.mp4").read_bytes()
    views = real.extract_views([crowd])
    assert (views.embeddings, views.dropped) == ((), {"several_faces": views.sampled})
    clips = sorted((faces / "videos").glob("single-*.mp4"))
    people = real.gallery([enrolled(real, path.stem, [path.read_bytes()]) for path in clips])
    sightings = real.recognise(jpeg(next(sample_video(crowd))), people).sightings
    assert len(sightings) >= 5
    assert not any(sighting.decision is Decision.ACCEPTED for sighting in sightings)
