"""A change of pack: nobody who can be re-embedded loses recognition, and who cannot is listed."""

import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.adapters.dynamo.models import DynamoModels
from chalicelib.domain.duplicates import Decision
from chalicelib.domain.errors import Contention, ModelOfAnotherPack
from chalicelib.domain.models import ModelEntry
from chalicelib.domain.templates import ExtractedViews
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.events.registrations import on_registration_uploaded
from chalicelib.services.promote_model import promote_model
from chalicelib.services.rollback_model import rollback_model
from infra import change_pack
from tests.support.crashes import Crash, crash_at, watched
from tests.support.fakes import FakeRecogniser, clip, learned_model, picture
from tests.support.world import World

OLD, NEW = "fake-1", "fake-2"
DONE = {"batchItemFailures": []}


class Interrupted(FakeRecogniser):
    """Something happens while it looks, once."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__(NEW)
        self.happens = happens

    def extract_views(self, uploads: Sequence[bytes]) -> ExtractedViews:
        happens, self.happens = self.happens, lambda: None
        happens()
        return super().extract_views(uploads)


@pytest.fixture
def world(deployment: World, monkeypatch: pytest.MonkeyPatch) -> World:
    deployment.begin_anew()
    monkeypatch.setattr(change_pack, "utc_now", deployment.clock)
    return deployment


@pytest.fixture
def session(world: World) -> str:
    """Of Ada and Ben, who are enrolled."""
    course_id = world.add_course()
    for name in ("Ada", "Ben"):
        world.add_person(name, course_id=course_id)
        world.enrol(name)
    return world.open_session(course_id)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command, with the new pack unless another is given."""

    def command(*arguments: str, pack: FakeRecogniser | None = None) -> int:
        monkeypatch.setattr(wiring, "recogniser_of", lambda _: pack or FakeRecogniser(NEW))
        return change_pack.main(["--pack-dir", "build/packs/new", *arguments])

    return command


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """The functions anew, with a pack."""

    def deployed(pack_id: str) -> None:
        monkeypatch.setattr(wiring, "recogniser", lambda: FakeRecogniser(pack_id))
        wiring.gallery_of.cache_clear()  # type: ignore[attr-defined]

    return deployed


@pytest.fixture(autouse=True)
def as_it_was() -> Any:
    yield
    wiring.gallery_of.cache_clear()  # type: ignore[attr-defined]


def see(world: World, session_id: str, *faces: str) -> dict[str, bool]:
    """Which of the faces are recognised."""
    frame = world.post_frame(session_id, picture(*faces))
    assert on_frame_uploaded(world.event(frame.key), None) == DONE
    result = wiring.frames().get(frame.frame_id).result
    assert result is not None
    return {
        face: each.candidate == world.people[face] for face, each in zip(faces, result.sightings, strict=True)
    }


def listed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The people; functions log to the same stream."""
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("per_")]


def packs_of(world: World, name: str) -> list[str]:
    return [template.model_id for template in wiring.templates().of_person(world.people[name])]


def lose_media(world: World, name: str) -> None:
    """As their lifecycle ends."""
    wiring.media().delete(f"registrations/{world.people[name]}/")


def registrations_of(world: World) -> dict[str, str]:
    return {
        key: name
        for name, person_id in world.people.items()
        for registration in wiring.registrations().of_person(person_id)
        for key in registration.keys
    }


def replace_media(world: World, name: str, data: bytes) -> None:
    for key, whose in registrations_of(world).items():
        if whose == name:
            wiring.media().replace(key, data, "video/mp4")


def test_who_is_re_embedded_is_recognised_after_the_switch_and_nobody_lost_before(
    world: World,
    session: str,
    run: Callable[..., int],
    deploy: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    lose_media(world, "Ben")
    before = wiring.templates().of_person(world.people["Ben"])
    assert run() == 0
    assert listed(capsys) == [world.people["Ben"]]
    assert world.champion == OLD
    assert see(world, session, "Ada", "Ben") == {"Ada": True, "Ben": True}, "the old pack is in service"
    assert packs_of(world, "Ada") == [OLD, NEW]
    assert run("--switch") == 0
    assert listed(capsys) == [world.people["Ben"]]
    deploy(NEW)
    assert see(world, session, "Ada", "Ben") == {"Ada": True, "Ben": False}
    assert wiring.templates().of_person(world.people["Ben"]) == before
    world.enrol("Ben")
    assert see(world, session, "Ben") == {"Ben": True}
    assert run() == 0
    assert listed(capsys) == [], "who has enrolled again need not be asked"


def test_without_templates_of_its_own_the_new_pack_recognises_nobody(
    world: World, session: str, run: Callable[..., int], deploy: Callable[[str], None]
) -> None:
    """What the tests here would show if nothing had been re-embedded."""
    before = wiring.models().in_service()
    assert before is not None
    wiring.models().switch(before, before.change_pack(NEW, "a test", world.now))
    deploy(NEW)
    assert see(world, session, "Ada") == {"Ada": False}
    assert run() == 0
    assert see(world, session, "Ada") == {"Ada": True}, "the gallery that was kept is stale"


def test_a_frame_that_meets_the_wrong_pack_comes_again(
    world: World, session: str, run: Callable[..., int], deploy: Callable[[str], None]
) -> None:
    early, late = (world.post_frame(session, picture(name)) for name in ("Ada", "Ben"))
    deploy(NEW)
    assert len(on_frame_uploaded(world.event(early.key), None)["batchItemFailures"]) == 1
    deploy(OLD)
    assert run("--switch") == 0
    assert len(on_frame_uploaded(world.event(late.key), None)["batchItemFailures"]) == 1
    world.add_person("Cem")
    registration = world.upload_registration(world.people["Cem"], clip("Cem"))
    enrolment = world.event(*registration.keys)
    assert len(on_registration_uploaded(enrolment, None)["batchItemFailures"]) == 1
    deploy(NEW)
    for frame in (early, late):
        assert on_frame_uploaded(world.event(frame.key), None) == DONE
    assert world.statuses(session) == {"Ada": "present", "Ben": "present"}
    assert on_registration_uploaded(enrolment, None) == DONE
    assert packs_of(world, "Cem") == [NEW]


def test_the_way_back_is_the_same_command(
    world: World, session: str, run: Callable[..., int], deploy: Callable[[str], None]
) -> None:
    learned, _ = learned_model()
    in_service = wiring.models().in_service()
    assert in_service is not None
    wiring.models().switch(in_service, in_service.promote(ModelEntry(learned), "adm_1", world.now))
    assert run("--switch") == 0
    after = wiring.models().in_service()
    assert after is not None
    assert (after.model_id, after.previous_id, after.promoted_by) == (NEW, learned, "operator")
    with pytest.raises(ModelOfAnotherPack):
        rollback_model(NEW, by="adm_1", models=wiring.models(), media=wiring.media(), clock=world.clock)
    deploy(NEW)
    world.add_person("Cem", course_id=wiring.sessions().get(session).course_id)
    world.enrol("Cem")
    assert run("--switch", pack=FakeRecogniser(OLD)) == 0
    deploy(OLD)
    assert world.champion == OLD
    assert see(world, session, "Ada", "Cem") == {"Ada": True, "Cem": True}, "Cem was enrolled by the new pack"
    promoted = promote_model(OLD, by="adm_1", models=wiring.models(), media=wiring.media(), clock=world.clock)
    assert promoted.in_service.previous_id == NEW, "in service already"


@pytest.mark.usefixtures("session")
def test_again_nothing_changes(world: World, run: Callable[..., int], tmp_path: Path) -> None:
    lose_media(world, "Ben")
    world.add_person("Cem")
    assert run("--switch") == 0
    stored, pack, out = world.dump(), FakeRecogniser(NEW), tmp_path / "build" / "change-pack.json"
    world.pass_time(hours=1)
    assert run("--switch", "--out", str(out), pack=pack) == 0
    assert world.dump() == stored
    assert pack.views_extracted == 0
    assert json.loads(out.read_text()) == {
        "pack_id": NEW,
        "counts": {"done": 0, "held": 1, "must_enrol_again": 1, "left": 0},
        "must_enrol_again": [world.people["Ben"]],
        "left": [],
    }


@pytest.mark.usefixtures("session")
def test_cut_off_after_any_write_it_carries_on(world: World, run: Callable[..., int]) -> None:
    start, people, now = world.dump(), dict(world.people), world.now
    ends = []
    for number in itertools.count(1):
        with watched(after=crash_at(number)) as writes:
            try:
                run("--switch")
            except Crash:
                assert run("--switch") == 0
        ends.append(world.dump())
        if len(writes.names) < number:
            break
        world.begin_anew()
        world.people, world.now = dict(people), now
        world.restore(start)
        for key, face in registrations_of(world).items():
            wiring.media().put(key, clip(face), "video/mp4")
    assert len(ends) == 3 + 1, "two people and the switch"
    assert all(end == ends[-1] for end in ends)


@pytest.mark.usefixtures("session")
def test_who_withdraws_or_is_erased_while_it_looks_gets_no_template(
    world: World, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    ada, ben = world.people["Ada"], world.people["Ben"]
    assert run(pack=Interrupted(lambda: world.withdraw_consent(ada))) == 0
    assert packs_of(world, "Ada") == []
    assert packs_of(world, "Ben") == [OLD, NEW]
    world.add_person("Cem")
    world.enrol("Cem")
    assert run(pack=Interrupted(lambda: world.erase(world.people["Cem"]))) == 0
    assert world.people["Cem"] not in json.dumps(world.dump("templates"))
    assert listed(capsys) == [], "who may not be recognised is not asked to enrol"
    assert ben in json.dumps(world.dump("templates"))


@pytest.mark.usefixtures("session")
def test_what_is_enrolled_while_it_looks_is_in_it(world: World, run: Callable[..., int]) -> None:
    assert run(pack=Interrupted(lambda: world.enrol("Ada"))) == 0
    template = wiring.templates().get(world.people["Ada"], NEW)
    assert template is not None
    assert template.enrolment_count == 2


def test_who_was_approved_by_a_human_after_the_switch_is_found_by_another_run(
    world: World, session: str, run: Callable[..., int], deploy: Callable[[str], None]
) -> None:
    world.add_person("Ada~2", course_id=wiring.sessions().get(session).course_id)
    registration = world.enrol("Ada~2")
    assert run("--switch") == 0
    assert packs_of(world, "Ada~2") == []
    deploy(NEW)
    world.decide(registration, Decision.TWO_PEOPLE)
    assert run() == 0
    assert see(world, session, "Ada", "Ada~2") == {"Ada": True, "Ada~2": True}


@pytest.mark.usefixtures("session")
def test_archived_people_are_re_embedded_too_and_nobody_is_looked_at_twice(
    world: World, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    pack = FakeRecogniser(NEW)
    for name in ("Ada", "Ben"):
        wiring.people().archive(world.people[name], world.now)
    replace_media(world, "Ben", clip("Ben", views=0))
    assert run(pack=pack) == 0
    assert packs_of(world, "Ada") == [OLD, NEW]
    assert listed(capsys) == [world.people["Ben"]]
    assert pack.views_extracted == 2


@pytest.mark.usefixtures("session")
def test_a_registration_that_was_not_enrolled_is_not_looked_at(world: World, run: Callable[..., int]) -> None:
    world.upload_registration(world.people["Ada"], clip("Ben"))
    assert run() == 0
    template = wiring.templates().get(world.people["Ada"], NEW)
    assert template is not None
    assert [occasion.embeddings[0] for occasion in template.occasions] == [b"Ada"]


@pytest.mark.parametrize("media", [b"no picture", clip("Ben", views=0)], ids=["unreadable", "no usable view"])
@pytest.mark.usefixtures("session")
def test_media_in_which_the_pack_finds_nothing_are_as_good_as_none(
    world: World, run: Callable[..., int], media: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_media(world, "Ben", media)
    assert run() == 0
    assert listed(capsys) == [world.people["Ben"]]
    assert packs_of(world, "Ben") == [OLD]


@pytest.mark.parametrize("end", ["withdrawal", "erasure"])
@pytest.mark.usefixtures("session")
def test_the_end_of_a_consent_leaves_nothing_of_either_pack(
    world: World, run: Callable[..., int], end: str
) -> None:
    assert run() == 0
    ada = world.people["Ada"]
    if end == "erasure":
        receipt = world.erase(ada).receipt
        assert receipt is not None
        assert receipt.document["erased"]["templates"] == 2
    else:
        world.withdraw_consent(ada)
    assert ada not in json.dumps(world.dump("templates"))
    assert world.people["Ben"] in json.dumps(world.dump("templates"))


@pytest.mark.usefixtures("session")
def test_nothing_is_switched_while_somebody_is_left(
    world: World,
    run: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def busy(*_: object) -> None:
        raise Contention("Somebody else writes.")

    with monkeypatch.context() as patch:
        patch.setattr(type(wiring.templates()), "add", busy)
        assert run("--switch") == 2
    assert "left: 2" in capsys.readouterr().err
    assert world.champion == OLD
    with monkeypatch.context() as patch:
        patch.setattr(DynamoModels, "switch", busy)
        assert run("--switch") == 2
    assert "Refused. Somebody else writes." in capsys.readouterr().err
    assert run("--switch") == 0
    assert world.champion == NEW


def test_it_is_refused_where_nothing_is_in_service_or_recognition_is_off(
    world: World, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--switch") == 2
    assert "No model is in service" in capsys.readouterr().err
    wiring.models().switch_biometrics(False, "adm_1", world.now)
    assert run() == 2
    assert "switched off" in capsys.readouterr().err


@pytest.mark.usefixtures("session")
def test_nothing_is_stored_once_recognition_is_off(
    world: World, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    off = Interrupted(lambda: wiring.models().switch_biometrics(False, "adm_1", world.now))
    assert run("--switch", pack=off) == 2
    assert "switched off" in capsys.readouterr().err
    assert world.champion == OLD
    assert NEW not in json.dumps(world.dump("templates"))


@pytest.mark.usefixtures("session", "world")
def test_progress_is_told_a_line_for_some(
    run: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(change_pack, "TOLD_EACH", 1)
    monkeypatch.setattr("chalicelib.services.change_pack.PAGE_PEOPLE", 1)
    assert run() == 0
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "1 people …",
        "2 people …",
        f"2 people by {NEW}. done: 2, held: 0, must enrol again: 0, left: 0.",
    ]
