"""Which model scores the next frame: the champion, from one frame to the next, and never none."""

import logging
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.client import BaseClient

from chalicelib import observability, wiring
from chalicelib.adapters.dynamo.records import ModelRecord
from chalicelib.domain.frames import FrameResult
from chalicelib.domain.sightings import Decision
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.events.registrations import on_registration_uploaded
from chalicelib.vision.pack import load_pack
from chalicelib.vision.recogniser import Recogniser
from infra.demo.identity import draw_identity
from infra.demo.scenes import classroom_frame, registration_photos
from tests.support.fakes import learned_model, picture
from tests.support.projections import model_files, projection_net, rotation
from tests.support.world import ENVIRONMENT, REGION, World

SHIPPED = "fake-1"
LEARNED, FILES = learned_model(threshold=0.9)
OTHER, OTHER_FILES = learned_model(threshold=0.92)


@pytest.fixture
def world(deployment: World) -> World:
    deployment.begin_anew()
    return deployment


@pytest.fixture
def session(world: World) -> str:
    """A session of Ada's and Ben's course."""
    course_id = world.add_course()
    for name in ("Ada", "Ben"):
        world.add_person(name, course_id=course_id)
        world.enrol(name)
    return world.open_session(course_id)


def store(model_id: str, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        wiring.media().put(f"models/{model_id}/{name}", content, "application/octet-stream")


def switch_to(model_id: str) -> None:
    ModelRecord("champion").update(actions=[ModelRecord.model_id.set(model_id)])


def see(world: World, session_id: str, *faces: str) -> FrameResult:
    frame = world.post_frame(session_id, picture(*faces or ("Ada",)))
    assert on_frame_uploaded(world.event(frame.key), None) == {"batchItemFailures": []}
    result = wiring.frames().get(frame.frame_id).result
    assert result is not None
    return result


def scored_by(result: FrameResult) -> tuple[str, list[float]]:
    return result.model_id, [each.threshold for each in result.sightings]


def test_a_promotion_and_a_rollback_show_in_the_next_frame_on_a_warm_handler(
    world: World, session: str
) -> None:
    store(LEARNED, FILES)
    assert scored_by(see(world, session)) == (SHIPPED, [0.95])
    switch_to(LEARNED)
    assert scored_by(see(world, session)) == (LEARNED, [0.9])
    switch_to(SHIPPED)
    assert scored_by(see(world, session)) == (SHIPPED, [0.95])
    assert world.recogniser.galleries_built == 3 - 1, "the gallery of the pack as shipped was still there"
    assert world.recogniser.views_extracted == 2, "a projection needs no new pictures"


def test_evidence_names_the_model_that_gave_it(world: World, session: str) -> None:
    store(LEARNED, FILES)
    see(world, session, "Ada")
    switch_to(LEARNED)
    see(world, session, "Ben")
    evidence = {name: entry.record.evidence for name, entry in world.register(session).items()}
    assert {name: each and each.model_id for name, each in evidence.items()} == {
        "Ada": SHIPPED,
        "Ben": LEARNED,
    }


def test_who_enrols_under_a_learned_model_has_a_template_of_its_pack(world: World, session: str) -> None:
    store(LEARNED, FILES)
    switch_to(LEARNED)
    world.add_person("Cem", course_id=wiring.sessions().get(session).course_id)
    world.enrol("Cem")
    assert [each.model_id for each in wiring.templates().of_person(world.people["Cem"])] == [SHIPPED]
    assert see(world, session, "Cem").sightings[0].decision is Decision.ACCEPTED


def test_the_files_of_the_last_two_models_are_read_once(
    world: World, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    call = BaseClient._make_api_call

    def counted(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "GetObject" and parameters["Key"].startswith("models/"):
            reads.append(parameters["Key"].split("/")[1])
        return call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    store(LEARNED, FILES)
    store(OTHER, OTHER_FILES)
    for model_id in (LEARNED, LEARNED, OTHER, LEARNED, OTHER):
        switch_to(model_id)
        assert see(world, session).model_id == model_id
    assert set(reads) == {LEARNED, OTHER}
    assert len(reads) == 2 * 2, "model.json and a projection, if there is one"


def damaged(model_id: str) -> dict[str, bytes]:
    """What belongs to another id."""
    assert model_id != OTHER
    return OTHER_FILES


@pytest.mark.parametrize("files", [{}, damaged(LEARNED)], ids=["missing", "another model's"])
def test_nobody_loses_recognition_by_a_model_that_cannot_be_loaded(
    world: World, session: str, files: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    store(LEARNED, files)
    switch_to(LEARNED)
    told: list[str] = []
    with caplog.at_level(logging.ERROR), pytest.MonkeyPatch.context() as patch:
        patch.setattr(observability, "count", told.append)
        result = see(world, session)
    assert scored_by(result) == (SHIPPED, [0.95]), "what stood in is named, not what should have"
    assert world.statuses(session)["Ada"] == "present"
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert told == ["ModelRefused"]
    s3: Any = boto3.client("s3", region_name=REGION)
    for name, content in FILES.items():
        s3.put_object(Bucket=ENVIRONMENT["ROLLCALL_BUCKET"], Key=f"models/{LEARNED}/{name}", Body=content)
    assert scored_by(see(world, session)) == (LEARNED, [0.9]), "the next frame tries again"


def test_a_frame_that_was_begun_before_a_promotion_is_of_one_model_throughout(
    world: World, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(LEARNED, FILES)
    recognise = world.recogniser.recognise

    def promoted_meanwhile(data: bytes, gallery: Any) -> Any:
        switch_to(LEARNED)
        return recognise(data, gallery)

    monkeypatch.setattr(world.recogniser, "recognise", promoted_meanwhile)
    assert scored_by(see(world, session)) == (SHIPPED, [0.95])
    (evidence,) = (
        entry.record.evidence for entry in world.register(session).values() if entry.record.evidence
    )
    assert (evidence.model_id, evidence.threshold) == (SHIPPED, 0.95)


def test_a_result_that_stands_is_merged_as_it_is_after_a_promotion(
    world: World, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(LEARNED, FILES)
    frame = world.post_frame(session, picture("Ada"))
    with monkeypatch.context() as patch:
        patch.setattr("chalicelib.services.take_attendance._merge", lambda *_: 1 / 0)
        assert on_frame_uploaded(world.event(frame.key), None)["batchItemFailures"]
    switch_to(LEARNED)
    assert on_frame_uploaded(world.event(frame.key), None) == {"batchItemFailures": []}
    evidence = world.register(session)["Ada"].record.evidence
    assert evidence is not None
    assert (evidence.model_id, evidence.threshold) == (SHIPPED, 0.95)


def test_a_claim_is_compared_by_the_model_of_its_hour(world: World, session: str) -> None:
    """Made under one champion and settled under the next: what was seen keeps its model, and so has the comparison."""
    store(LEARNED, FILES)
    frame = world.post_frame(session, picture("Ada", really={"Ada": "Ben"}))
    on_frame_uploaded(world.event(frame.key), None)
    claim = world.claim(frame.frame_id, "Ben")
    switch_to(LEARNED)
    verdict = world.settle(claim).verdict
    assert verdict is not None
    assert verdict.comparison is not None
    assert (verdict.comparison.model_id, verdict.comparison.threshold) == (LEARNED, 0.9)
    assert wiring.frames().get(frame.frame_id).result.model_id == SHIPPED  # type: ignore[union-attr]
    evidence = world.register(session)["Ben"].record.evidence
    assert evidence is not None
    assert (evidence.model_id, evidence.threshold) == (LEARNED, 0.9)


def test_with_a_real_pack_a_rotation_is_promoted_and_changes_no_score(
    world: World, heads_pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recogniser = Recogniser(load_pack(heads_pack))
    monkeypatch.setattr(wiring, "recogniser", lambda: recogniser)
    people = {f"person {n}": draw_identity(f"person {n}", np.random.default_rng(n)) for n in (1, 2)}
    course_id = world.add_course()
    for name, person in people.items():
        person_id = world.add_person(name, course_id=course_id)
        registration = world.upload_registration(person_id, *registration_photos(person, seed=1, count=3))
        on_registration_uploaded(world.event(*registration.keys), None)
    files = model_files(recogniser.model_id, net=projection_net(rotation(128)))
    model_id = recogniser.learned(files).model_id
    store(model_id, files)
    session_id, shown = world.open_session(course_id), classroom_frame(list(people.values()), seed=3).jpeg

    def look() -> FrameResult:
        frame = world.post_frame(session_id, shown)
        assert on_frame_uploaded(world.event(frame.key), None) == {"batchItemFailures": []}
        result = wiring.frames().get(frame.frame_id).result
        assert result is not None
        return result

    before = look()
    switch_to(model_id)
    after = look()
    assert (before.model_id, after.model_id) == (recogniser.model_id, model_id)
    assert [each.decision for each in before.sightings] == [Decision.ACCEPTED] * 2
    for one, other in zip(before.sightings, after.sightings, strict=True):
        assert (one.candidate, one.decision) == (other.candidate, other.decision)
        assert other.score == pytest.approx(one.score, abs=1e-4)
    assert set(world.statuses(session_id).values()) == {"present"}
