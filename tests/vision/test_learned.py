"""What retraining learned on a pack: verified when it is loaded, and applied to whoever is in its gallery."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chalicelib.domain.errors import ModelNotInstalled, PackRefused, TemplateRefused
from chalicelib.domain.sightings import Decision
from chalicelib.domain.templates import Champion, Occasion, Template
from chalicelib.vision.learned import Learned, learned_id, load_learned, unit
from chalicelib.vision.matching import Gallery, reference, scored
from chalicelib.vision.pack import Pack, load_pack
from chalicelib.vision.recogniser import Recogniser
from chalicelib.vision.thresholds import Rivals
from infra.demo.identity import draw_identity
from infra.demo.scenes import classroom_frame, registration_photos
from tests.support.projections import model_files, projection_net, rotation

DIMENSION = 128
TURNED = projection_net(rotation(DIMENSION))
ANN, BEN, STRANGER = (draw_identity(f"person {seed}", np.random.default_rng(seed)) for seed in (1, 2, 6))


@pytest.fixture(scope="module")
def pack(heads_pack: Path) -> Pack:
    return load_pack(heads_pack)


@pytest.fixture(scope="module")
def recogniser(pack: Pack) -> Recogniser:
    return Recogniser(pack)


@pytest.fixture(scope="module")
def templates(recogniser: Recogniser) -> list[Template]:
    made = []
    for name, person in (("ann", ANN), ("ben", BEN)):
        views = recogniser.extract_views(registration_photos(person, seed=1, count=3))
        made.append(Template(name, recogniser.model_id, (Occasion("registration", views.embeddings),)))
    return made


@pytest.fixture(scope="module")
def frame() -> bytes:
    return classroom_frame([ANN, BEN, STRANGER], seed=3).jpeg


def test_a_pack_as_shipped_has_nothing_on_top(pack: Pack) -> None:
    shipped = Learned.of(pack)
    assert shipped.model_id == shipped.pack_id == pack.model_id
    assert (shipped.thresholds, shipped.projection) == (pack.thresholds, None)


def test_the_id_names_the_pack_and_what_was_learned(pack: Pack) -> None:
    files = model_files(pack.model_id, net=TURNED)
    model = load_learned(files, pack)
    assert model.model_id == learned_id(json.loads(files["model.json"]))
    assert model.model_id.startswith(f"{pack.model_id}~")
    assert len(model.model_id) == len(pack.model_id) + 13
    assert Champion(model.model_id).pack_id == model.pack_id == pack.model_id
    spaced = {**files, "model.json": json.dumps(json.loads(files["model.json"]), indent=2).encode()}
    assert load_learned(spaced, pack).model_id == model.model_id
    other = load_learned(model_files(pack.model_id, net=TURNED, data_version="2"), pack)
    assert other.model_id != model.model_id


def test_without_thresholds_of_its_own_the_pack_s_stand(pack: Pack) -> None:
    assert load_learned(model_files(pack.model_id), pack).thresholds == pack.thresholds
    stricter = replace(pack.thresholds, plain=replace(pack.thresholds.plain, margin=0.5))
    learned = load_learned(model_files(pack.model_id, thresholds=stricter.as_json()), pack)
    assert learned.thresholds.plain.margin == 0.5


def nets() -> Mapping[str, bytes]:
    nowhere = rotation(DIMENSION)
    nowhere[:, :] = np.nan
    return {
        "cannot be run": projection_net(rotation(64)),
        "no net": b"not a net",
        "no numbers": projection_net(nowhere),
        "no directions": projection_net(np.zeros((DIMENSION, DIMENSION))),
    }


@pytest.mark.parametrize("reason", list(nets()))
def test_a_projection_that_is_of_no_use_is_refused(pack: Pack, reason: str) -> None:
    with pytest.raises(PackRefused, match=reason):
        load_learned(model_files(pack.model_id, net=nets()[reason]), pack)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"format": 2}, "format 2"),
        ({"pack_id": "another-pack"}, "another-pack"),
        ({"kind": "magic"}, "magic"),
        ({"projection": {"kind": "wccn", "file": "other.onnx", "sha256": ""}}, r"other\.onnx"),
        ({"projection": {"kind": "wccn", "file": "projection.onnx", "sha256": "0" * 64}}, "sha256"),
        ({"projection": {"kind": "wccn"}}, "KeyError"),
        ({"projection": "wccn"}, "TypeError"),
        ({"thresholds": {}}, "KeyError"),
        ({"thresholds": 3}, "TypeError"),
    ],
)
def test_a_declaration_that_does_not_hold_is_refused(pack: Pack, given: dict[str, Any], reason: str) -> None:
    files = model_files(**{"pack_id": pack.model_id, "net": TURNED} | given)
    with pytest.raises(PackRefused, match=reason):
        load_learned(files, pack)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 100_000, b"\xff"])
def test_what_is_no_declaration_is_refused(pack: Pack, content: bytes) -> None:
    with pytest.raises(PackRefused):
        load_learned({"model.json": content}, pack)
    with pytest.raises(PackRefused, match="missing"):
        load_learned({}, pack)


def test_a_rotation_changes_every_embedding_and_nothing_that_is_said(
    pack: Pack, recogniser: Recogniser, templates: list[Template], frame: bytes
) -> None:
    learned = recogniser.learned(model_files(pack.model_id, net=TURNED))
    plain, turned = recogniser.gallery(templates), recogniser.gallery(templates, learned=learned)
    assert (plain.model_id, turned.model_id) == (pack.model_id, learned.model_id)
    assert np.abs(plain.references - turned.references).max() > 0.1
    before, after = (recogniser.recognise(frame, gallery).sightings for gallery in (plain, turned))
    assert len(before) == len(after) == 3
    assert [each.decision for each in before].count(Decision.ACCEPTED) == 2
    for one, other in zip(before, after, strict=True):
        assert (one.candidate, one.decision, one.box) == (other.candidate, other.decision, other.box)
        for figure in ("similarity", "score", "margin", "threshold", "confidence"):
            assert getattr(other, figure) == pytest.approx(getattr(one, figure), abs=1e-4), figure
    box = next(each.box for each in before if each.candidate == "ann")
    compared = [recogniser.compare(frame, box, "ann", gallery) for gallery in (plain, turned)]
    assert [found and found.model_id for found in compared] == [pack.model_id, learned.model_id]
    assert [found and found.accepted for found in compared] == [True, True]


def test_the_thresholds_are_those_of_the_gallery(
    pack: Pack, recogniser: Recogniser, templates: list[Template], frame: bytes
) -> None:
    stricter = replace(pack.thresholds, plain=replace(pack.thresholds.plain, margin=0.9)).as_json()
    learned = recogniser.learned(model_files(pack.model_id, thresholds=stricter))
    decisions = {
        name: [each.decision for each in recogniser.recognise(frame, gallery).sightings]
        for name, gallery in (
            ("learned", recogniser.gallery(templates, learned=learned)),
            ("shipped", recogniser.gallery(templates)),
        )
    }
    assert decisions["shipped"].count(Decision.ACCEPTED) == 2
    assert Decision.ACCEPTED not in decisions["learned"]


def test_who_is_enrolled_twice_is_looked_for_by_the_pack(
    pack: Pack, recogniser: Recogniser, templates: list[Template]
) -> None:
    ann, ben = templates
    raw = reference(ann, pack.model_id, DIMENSION) @ reference(ben, pack.model_id, DIMENSION)
    recogniser.gallery(templates, learned=recogniser.learned(model_files(pack.model_id, net=TURNED)))
    assert recogniser.similarities(ann, [ben]) == (pytest.approx(float(raw), abs=1e-6),)


def test_a_model_of_another_pack_scores_nobody(recogniser: Recogniser, pack: Pack, frame: bytes) -> None:
    other = replace(Learned.of(pack), model_id="other~1", pack_id="other")
    with pytest.raises(ModelNotInstalled):
        recogniser.gallery([], learned=other)
    trial = Gallery.of([], pack.model_id, DIMENSION)
    with pytest.raises(ModelNotInstalled):
        recogniser.recognise(frame, trial)


# On made-up embeddings.


def axis(number: int) -> np.ndarray:
    return np.eye(DIMENSION, dtype=np.float32)[number]


def template(pack: Pack, name: str, *views: np.ndarray) -> Template:
    occasion = Occasion("registration", tuple(np.asarray(view, "<f4").tobytes() for view in views))
    return Template(name, pack.model_id, (occasion,))


def learned_of(pack: Pack, matrix: np.ndarray) -> Learned:
    return load_learned(model_files(pack.model_id, net=projection_net(matrix)), pack)


def test_each_view_is_projected_before_the_mean(pack: Pack) -> None:
    """Of a stretch the mean of what is projected is not the projection of the mean."""
    stretch = np.diag(np.linspace(0.1, 3, DIMENSION)).astype(np.float32)
    learned = learned_of(pack, stretch)
    views = unit(np.random.default_rng(5).standard_normal((3, DIMENSION)).astype(np.float32))
    expected = unit(unit(views @ stretch).mean(axis=0, keepdims=True))[0]
    gallery = Gallery.of([template(pack, "ann", *views)], pack.model_id, DIMENSION, learned=learned)
    assert gallery.references[0] == pytest.approx(expected, abs=1e-5)
    other = unit(unit(views.mean(axis=0, keepdims=True)) @ stretch)[0]
    assert np.abs(other - expected).max() > 1e-3


def test_fewer_dimensions_serve_rosters_cohorts_and_frames_without_anybody(pack: Pack) -> None:
    learned = learned_of(pack, rotation(DIMENSION)[:, :32])
    rivals = Rivals(nearest=1, of_reference=0.5, of_face=0.5, cohort=2)
    people = [template(pack, name, axis(number)) for number, name in enumerate(("ann", "ben"))]
    others = [template(pack, name, axis(number)) for number, name in ((5, "cyd"), (6, "dan"))]
    gallery = Gallery.of(people, pack.model_id, DIMENSION, rivals, others, learned=learned)
    assert (gallery.references.shape, gallery.cohort.shape) == ((2, 32), (2, 32))
    similarities, scores = scored(np.stack([axis(0), axis(1)]), gallery)
    assert similarities.diagonal() == pytest.approx([1, 1], abs=1e-5)
    assert (scores.diagonal() < similarities.diagonal()).all()
    nobody = Gallery.of([], pack.model_id, DIMENSION, learned=learned)
    assert scored(np.stack([axis(0)]), nobody)[0].shape == (1, 0)
    assert scored(np.empty((0, DIMENSION), np.float32), gallery)[0].shape == (0, 2)


def test_what_the_projection_maps_to_nothing_is_like_nobody_and_enrols_nobody(pack: Pack) -> None:
    flat = np.eye(DIMENSION, dtype=np.float32)
    flat[7, 7] = 0
    learned = learned_of(pack, flat)
    gallery = Gallery.of([template(pack, "ann", axis(0))], pack.model_id, DIMENSION, learned=learned)
    (similarities,), _ = scored(axis(7)[None], gallery)
    assert similarities.tolist() == [0]
    with pytest.raises(TemplateRefused):
        Gallery.of([template(pack, "ben", axis(7))], pack.model_id, DIMENSION, learned=learned)
