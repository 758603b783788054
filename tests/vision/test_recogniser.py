"""The whole way with a real pack: bytes in, sightings and views out. The people are drawn, not photographed."""

import os
from dataclasses import replace
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
from chalicelib.domain.sightings import Box, Decision
from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.decode import Picture, decode_picture
from chalicelib.vision.matching import Gallery
from chalicelib.vision.pack import load_pack
from chalicelib.vision.recogniser import HOPELESS_QUALITY, Recogniser
from chalicelib.vision.thresholds import Confidence, Curve, Levels, Rivals
from chalicelib.vision.video import sample_video
from infra.demo.identity import draw_identity
from infra.demo.scenes import classroom_frame, registration_photos
from infra.demo.thresholds import demo_thresholds
from layers.packs.derive import derive_pack

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


def test_one_face_of_a_picture_is_compared_with_one_person(
    recogniser: Recogniser, people: Gallery, photos: dict
) -> None:
    shown = side_by_side(photos["ann"][3], photos["ben"][3])
    boxes = {sighting.candidate: sighting.box for sighting in recogniser.recognise(shown, people).sightings}
    assert set(boxes) == {"ann", "ben"}
    for face in boxes:
        for claimed in ("ann", "ben"):
            found = recogniser.compare(shown, boxes[face], claimed, people)
            assert found is not None
            assert found.accepted == (face == claimed)
            assert found.accepted == (found.score >= found.threshold)
            assert (found.box, found.model_id) == (boxes[face], recogniser.model_id)


def test_where_there_is_no_face_nobody_is_compared(
    recogniser: Recogniser, people: Gallery, photos: dict
) -> None:
    for box in (Box(0, 0, 8, 8), Box(5000, 5000, 50, 50), Box(0, 0, 0, 0)):
        assert recogniser.compare(photos["ann"][3], box, "ann", people) is None


def test_a_claim_beside_a_look_alike_needs_the_larger_margin(recogniser: Recogniser, photos: dict) -> None:
    """Zoe's template is Ann's: a face of Ann's is no more like the one than like the other."""
    ann = enrolled(recogniser, "ann", photos["ann"][:3])
    zoe, ben = replace(ann, person_id="zoe"), enrolled(recogniser, "ben", photos["ben"][:3])
    accepted = {}
    for told_apart in ({}, {"ann": frozenset({"zoe"})}):
        roster = recogniser.gallery([ann, zoe, ben], lookalikes=told_apart)
        (sighting,) = recogniser.recognise(photos["ann"][3], roster).sightings
        found = recogniser.compare(photos["ann"][3], sighting.box, "ann", roster)
        assert found is not None
        accepted[bool(told_apart)] = found.accepted
    assert accepted == {False: True, True: False}


def test_a_view_too_blurred_to_trust_passes_as_nobody(
    recogniser: Recogniser, people: Gallery, photos: dict
) -> None:
    hopeless = changed(photos["ann"][3], blur=6)
    (sighting,) = recogniser.recognise(hopeless, people).sightings
    assert sighting.quality < HOPELESS_QUALITY
    found = recogniser.compare(hopeless, sighting.box, "ann", people)
    assert found is not None
    assert not found.accepted


def test_a_template_is_compared_with_others_for_duplicates(recogniser: Recogniser, photos: dict) -> None:
    ann, again = (enrolled(recogniser, "ann", photos["ann"][two]) for two in (slice(2), slice(2, 4)))
    ben = enrolled(recogniser, "ben", photos["ben"][:2])
    same, other = recogniser.similarities(ann, [again, ben])
    assert other < recogniser.duplicate_threshold((1, 1), 2) <= same
    assert recogniser.similarities(ann, []) == ()


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


# In the dark a face is found by brightening, but judged by the picture as it is.


def in_the_dark(photo: bytes) -> bytes:
    """As a PNG: of so little light JPEG keeps nothing."""
    dark = (decode_picture(photo) * 0.08).astype(np.uint8)
    return cv2.imencode(".png", cv2.cvtColor(dark, cv2.COLOR_RGB2BGR))[1].tobytes()


def test_a_person_in_the_dark_is_put_before_a_human(
    recogniser: Recogniser, people: Gallery, photos: dict
) -> None:
    (sighting,) = recogniser.recognise(in_the_dark(photos["ann"][3]), people).sightings
    assert (sighting.candidate, sighting.decision) == ("ann", Decision.REVIEW)
    assert sighting.score >= sighting.threshold
    assert sighting.quality < HOPELESS_QUALITY


def test_nobody_is_enrolled_from_a_picture_that_would_have_to_be_brightened(
    recogniser: Recogniser, photos: dict
) -> None:
    views = recogniser.extract_views([in_the_dark(photos["ann"][3])])
    assert (views.embeddings, views.dropped) == ((), {"no_face": 1})


# With a pack whose scores are normalised against people who are enrolled elsewhere.

RIVALS = Rivals(nearest=2, of_reference=0.5, of_face=0.5, cohort=3)
NORMALISED = Levels(
    accept={1: Curve(0.02, 0.04)},
    review={1: Curve(0.01, 0.02)},
    claim={1: 0.04},
    margin=0.01,
    confidence=Confidence(intercept=0.0, slope=100.0, stranger_share=0.1),
)


@pytest.fixture(scope="module")
def normalising(pack_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    thresholds = replace(demo_thresholds(), normalised=NORMALISED, rivals=RIVALS)
    return Recogniser(
        derive_pack(pack_dir, tmp_path_factory.mktemp("packs") / "rivals", "rivals", thresholds)
    )


@pytest.fixture(scope="module")
def roster(normalising: Recogniser, photos: dict[str, list[bytes]]) -> list[Template]:
    return [enrolled(normalising, name, photos[name][:2]) for name in ("ann", "ben")]


@pytest.fixture(scope="module")
def elsewhere(normalising: Recogniser) -> list[Template]:
    people = {f"person-{seed}": draw_identity("", np.random.default_rng(seed)) for seed in (3, 5, 8)}
    return [
        enrolled(normalising, name, registration_photos(person, seed=1, count=1))
        for name, person in people.items()
    ]


def test_scores_are_normalised_against_people_enrolled_elsewhere(
    normalising: Recogniser, roster: list[Template], elsewhere: list[Template], photos: dict
) -> None:
    people = normalising.gallery(roster, elsewhere)
    assert normalising.shipped.cohort_size == len(elsewhere) == 3
    for name in ("ann", "ben"):
        (sighting,) = normalising.recognise(photos[name][3], people).sightings
        assert (sighting.candidate, sighting.decision) == (name, Decision.ACCEPTED)
        assert sighting.similarity > 0.97
        assert sighting.threshold < sighting.score < 0.2
        assert sighting.threshold == Curve(0.02, 0.04).at(2)
        assert sighting.confidence == NORMALISED.confidence.of(sighting.score - sighting.threshold, 0.1) > 0.5
    (sighting,) = normalising.recognise(photos["stranger"][3], people).sightings
    assert (sighting.decision, sighting.confidence) == (Decision.UNKNOWN, pytest.approx(0.2, abs=0.2))


def test_with_one_too_few_elsewhere_scores_and_thresholds_are_those_of_similarities(
    normalising: Recogniser, roster: list[Template], elsewhere: list[Template], photos: dict
) -> None:
    (sighting,) = normalising.recognise(
        photos["ann"][3], normalising.gallery(roster, elsewhere[:2])
    ).sightings
    assert (sighting.candidate, sighting.decision) == ("ann", Decision.ACCEPTED)
    assert sighting.score == sighting.similarity
    assert sighting.threshold == demo_thresholds().operating(2, normalised=False).accept(1)


def test_a_stranger_here_who_is_enrolled_elsewhere_scores_less(
    normalising: Recogniser, roster: list[Template], elsewhere: list[Template], photos: dict
) -> None:
    theirs = enrolled(normalising, "stranger", photos["stranger"][:1])
    unknown, known = (
        normalising.recognise(photos["stranger"][3], normalising.gallery(roster, cohort)).sightings[0]
        for cohort in (elsewhere, [*elsewhere[1:], theirs])
    )
    assert known.similarity == unknown.similarity
    assert known.score < unknown.score - 0.01
    assert known.confidence < unknown.confidence


def test_where_more_strangers_pass_by_the_same_face_is_less_certain(
    heads_pack: Path, people: Gallery, recogniser: Recogniser, photos: dict
) -> None:
    busy = Recogniser(load_pack(heads_pack), stranger_share=0.5)
    (there,), (here,) = (each.recognise(photos["ann"][3], people).sightings for each in (busy, recogniser))
    assert 0 < there.confidence < here.confidence < 1
    assert (there.score, there.decision) == (here.score, here.decision)


def test_a_pack_without_rivals_asks_for_no_cohort(recogniser: Recogniser) -> None:
    assert recogniser.shipped.cohort_size == 0


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


def test_real_people_pass_as_themselves_and_not_as_each_other(real: Recogniser, faces: Path) -> None:
    """Claims at the threshold of the pack, of photographs in which the largest face is the person's."""
    photos = {each.name: sorted(each.glob("*.jpg")) for each in sorted((faces / "colour").iterdir())}
    roster = real.gallery(
        [enrolled(real, name, [photo.read_bytes() for photo in some[:3]]) for name, some in photos.items()]
    )
    genuine, impostors = [], []
    for name, some in photos.items():
        shown = some[4].read_bytes()
        box = real.recognise(shown, roster).sightings[0].box
        for claimed in photos:
            found = real.compare(shown, box, claimed, roster)
            assert found is not None
            (genuine if claimed == name else impostors).append(found.accepted)
    assert sum(genuine) >= len(photos) - 1
    assert not any(impostors)


def test_people_walking_past_enrol_nobody_and_are_taken_for_nobody(real: Recogniser, faces: Path) -> None:
    crowd = (faces / "videos" / "group-walking.mp4").read_bytes()
    views = real.extract_views([crowd])
    assert (views.embeddings, views.dropped) == ((), {"several_faces": views.sampled})
    clips = sorted((faces / "videos").glob("single-*.mp4"))
    people = real.gallery([enrolled(real, path.stem, [path.read_bytes()]) for path in clips])
    sightings = real.recognise(jpeg(next(sample_video(crowd))), people).sightings
    assert len(sightings) >= 5
    assert not any(sighting.decision is Decision.ACCEPTED for sighting in sightings)
