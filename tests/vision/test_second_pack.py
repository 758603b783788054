"""Both packs tell people apart, through the same code: what differs is what pack.json declares."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chalicelib.domain.errors import PackRefused
from chalicelib.domain.sightings import Decision
from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.alignment import Aligner
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.detector import open_detector
from chalicelib.vision.embedder import Embedder
from chalicelib.vision.pack import Pack, load_pack, read_declaration, write_declaration
from chalicelib.vision.recogniser import Recogniser
from infra.demo.identity import draw_identity
from infra.demo.scenes import registration_photos
from layers.packs.derive import derive_pack

Change = Callable[[dict[str, Any]], object]

# Three of the drawn people whom both embedders tell apart well; drawn heads are more alike than people are.
ANN, BEN, STRANGER = (draw_identity(f"person {seed}", np.random.default_rng(seed)) for seed in (1, 2, 6))


@pytest.fixture(scope="module", params=["pypi", "yunet-reid0095"])
def directory(request: pytest.FixtureRequest) -> Path:
    name = {"pypi": "pack_dir", "yunet-reid0095": "yunet_pack_dir"}[request.param]
    folder: Path = request.getfixturevalue(name)
    return folder


@pytest.fixture(scope="module")
def photos() -> dict[str, list[bytes]]:
    people = {"ann": ANN, "ben": BEN, "stranger": STRANGER}
    return {name: registration_photos(person, seed=1, count=4) for name, person in people.items()}


@pytest.fixture
def changed(yunet_pack_dir: Path, tmp_path: Path) -> Callable[[Change], Path]:
    """A copy of the second pack whose pack.json says something else."""

    def change_and_write(change: Change) -> Path:
        thresholds = load_pack(yunet_pack_dir).thresholds
        folder = derive_pack(yunet_pack_dir, tmp_path / "changed", "changed", thresholds).directory
        declaration = read_declaration(folder)
        change(declaration)
        (folder / "pack.json").write_text(write_declaration(declaration))
        return folder

    return change_and_write


def test_who_enrolled_is_nearest_and_a_stranger_is_farther(
    directory: Path, photos: dict[str, list[bytes]]
) -> None:
    recogniser = Recogniser(load_pack(directory))
    enrolled = [
        Template(
            name, recogniser.model_id, (Occasion("1", recogniser.extract_views(photos[name][:3]).embeddings),)
        )
        for name in ("ann", "ben")
    ]
    gallery = recogniser.gallery(enrolled)
    (ann,), (ben,), (stranger,) = (
        recogniser.recognise(photos[name][3], gallery).sightings for name in photos
    )
    assert (ann.candidate, ben.candidate) == ("ann", "ben")
    assert Decision.ACCEPTED in (ann.decision, ben.decision)
    assert max(stranger.similarity, 0) < min(ann.similarity, ben.similarity)


def test_the_detectors_points_are_the_landmarks(yunet_pack_dir: Path, photos: dict[str, list[bytes]]) -> None:
    pack = load_pack(yunet_pack_dir)
    picture = decode_picture(photos["ann"][0])
    (face,) = open_detector(pack).detect(picture)
    aligner = Aligner(pack)
    np.testing.assert_array_equal(aligner.landmarks(picture, [face])[0], face.landmarks)
    assert aligner.align(picture, face).shape == (128, 128, 3)


def test_a_mirrored_pack_embeds_a_chip_and_its_mirror_image_alike(
    directory: Path, photos: dict[str, list[bytes]]
) -> None:
    pack = load_pack(directory)
    plain = replace(pack, embedder=replace(pack.embedder, mirrored=False))
    mirrored = replace(pack, embedder=replace(pack.embedder, mirrored=True))
    chips = chips_of(pack, photos["ann"] + photos["ben"])
    both = Embedder(plain).embed(chips) + Embedder(plain).embed(chips[:, :, ::-1])
    found = Embedder(mirrored).embed_to_enrol(chips)
    np.testing.assert_allclose(found, both / np.linalg.norm(both, axis=1, keepdims=True), atol=1e-5)
    np.testing.assert_allclose(found, Embedder(mirrored).embed_to_enrol(chips[:, :, ::-1]), atol=1e-5)
    assert np.abs(found - Embedder(plain).embed(chips)).max() > 0.001


def test_the_order_of_channels_is_the_packs(yunet_pack_dir: Path, photos: dict[str, list[bytes]]) -> None:
    pack = load_pack(yunet_pack_dir)
    red_first = replace(pack, embedder=replace(pack.embedder, channels="RGB"))
    chips = chips_of(pack, photos["ann"])
    np.testing.assert_allclose(
        Embedder(pack).embed(chips), Embedder(red_first).embed(chips[..., ::-1]), atol=1e-6
    )


def test_pixels_are_normalised_as_the_pack_says(yunet_pack_dir: Path) -> None:
    """With a mean of 100 and a scale of 2, 110 is what 20 is to a net that normalises itself."""
    pack = load_pack(yunet_pack_dir)
    shifted = replace(pack.embedder, normalisation=((100.0, 100.0, 100.0), 2.0))
    random = np.random.default_rng(3).integers(0, 50, (2, 128, 128, 3), dtype=np.uint8)
    np.testing.assert_allclose(
        Embedder(replace(pack, embedder=shifted)).embed(random + np.uint8(100)),
        Embedder(pack).embed(random * np.uint8(2)),
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d["detector"].update(channels="RGB"), "channels 'RGB' is not known, expected 'BGR'"),
        (lambda d: d["detector"].update(normalisation="none"), "normalisation 'none' is not known"),
        (lambda d: d["detector"].update(strides=[8, 12]), "do not divide the largest"),
        (lambda d: d["detector"].update(strides=[]), "do not divide the largest"),
        (lambda d: d["detector"].update(threshold=0), "threshold or overlap outside"),
        (lambda d: d["detector"].update(smallest_face_px=0), "smallest_face_px below 1"),
        (lambda d: d["detector"].update(largest_face_px=10), "largest_face_px not above it"),
        (lambda d: d["detector"].pop("file"), "KeyError: 'file'"),
        (lambda d: d["detector"].update(file="other.onnx"), "'other.onnx' is not among its files"),
        (lambda d: d["embedder"].update(normalisation="none"), "KeyError: 'mean'"),
    ],
)
def test_a_declaration_that_is_not_understood_is_refused(
    changed: Callable[[Change], Path], change: Change, reason: str
) -> None:
    with pytest.raises(PackRefused, match=reason):
        load_pack(changed(change))


def chips_of(pack: Pack, photos: list[bytes]) -> np.ndarray:
    detector, aligner = open_detector(pack), Aligner(pack)
    pictures = [decode_picture(photo) for photo in photos]
    return np.concatenate([aligner.chips(each, detector.detect(each)[:1]) for each in pictures])
