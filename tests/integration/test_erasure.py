"""After an erasure nothing of a person is left anywhere, whatever it was cut off by, raced with or restored from."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib import wiring
from chalicelib.adapters.dynamo.records import SessionItem, TemplateRecord
from chalicelib.domain.erasure import ErasureState, Held
from chalicelib.domain.errors import LimitReached, PersonNotFound
from chalicelib.domain.people import Person
from chalicelib.domain.registrations import Registration
from chalicelib.domain.retraining import DATASETS
from chalicelib.domain.sightings import Decision
from chalicelib.domain.signing import Signed
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.events.registrations import on_registration_uploaded
from chalicelib.services.erase_person import SWEEP_AFTER
from chalicelib.services.reapply_erasures import reapply_erasures
from infra.local.search import search_everything
from infra.verify import public_key, verified
from tests.support.crashes import Crash, crash_at, watched
from tests.support.fakes import clip, picture
from tests.support.world import REGION, World, new_world

FACE = "Ada Åsa Lovelace"
"""Her name; the fake recogniser's pictures and templates say it too."""
SIGNER = "Byron the signer"


@contextmanager
def school() -> Iterator[World]:
    with new_world() as world:
        world.add_person("Ben")
        world.enrol("Ben")
        add_ada(world)
        yield world


def add_ada(world: World, name: str = FACE) -> str:
    """Somebody seen, proposed and unknown beside Ben, in two courses of which she has left one; the first session.

    A training job is learning from her, and whoever looks for her face finds it in the data.
    """
    maths, music = world.add_course(), world.add_course("Music")
    wiring.courses().put_on_roster(maths, world.people["Ben"])
    ada = world.add_person(name, course_id=maths, consent=False)
    world.give_consent(ada, signer=SIGNER)
    wiring.courses().put_on_roster(music, ada)
    world.enrol(name)
    session_id = world.open_session(maths)
    see(world, session_id, name, "Ben")
    see(world, world.open_session(maths), name, "Ben", decision=Decision.REVIEW)
    see(world, world.open_session(music), name, "Ben", decision=Decision.UNKNOWN)
    wiring.courses().take_off_roster(music, ada)
    world.give_consent(ada, signer=SIGNER)
    wiring.media().put(f"{DATASETS}job/templates/people.jsonl", f"{ada} {name}".encode(), "application/jsonl")
    return session_id


def see(world: World, session_id: str, *faces: str, decision: Decision = Decision.ACCEPTED) -> str:
    frame = world.post_frame(session_id, picture(*faces, decision=decision))
    assert on_frame_uploaded(world.event(frame.key), None) == {"batchItemFailures": []}
    return frame.frame_id


def client_of(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def left_of(name: str, logs: str = "") -> list[Any]:
    needles = {"her name": name.encode(), "her face": json.dumps(name)[1:-1].encode()}
    return search_everything(client_of, needles, {"log": logs})


def left_of_ada(logs: str = "") -> list[Any]:
    needles = {
        "her name": FACE.encode(),
        "her signer": SIGNER.encode(),
        "her face": json.dumps(FACE)[1:-1].encode(),
    }
    return search_everything(client_of, needles, {"log": logs})


def her_items(world: World) -> set[str]:
    """Tables that know her opaque id, but for the tombstone and what asks for a rebuild."""
    ada = world.people[FACE]
    return {
        table
        for table, items in world.dump().items()
        for item in items
        if ada in json.dumps(item)
        and item.get("sk") != {"S": "erasure"}
        and not item.get("id", {}).get("S", "").startswith("forget#")
    }


def test_no_byte_of_an_erased_person_is_left_and_the_receipt_verifies(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with school() as world:
        ada = world.people[FACE]
        assert {found.what for found in left_of_ada()} == {"her name", "her signer", "her face"}
        erasure = world.erase(ada)
        assert erasure.state is ErasureState.ERASED
        assert left_of_ada(caplog.text + capsys.readouterr().out) == []
        assert her_items(world) == set()
        receipt = erasure.receipt
        assert receipt is not None
        assert verified(receipt, public_key(client_of("kms"), receipt.signature.key_id))
        assert receipt.document["person_id"] == ada
        assert receipt.document["erased"] == {
            "templates": 1,
            "registration_media": 1,
            "pictures": 3,
            "sightings": 3,
            "claims": 0,
            "attendance_records": 2,
            "registrations": 1,
            "consents": 2,
            "memberships": 1,
            "sign_in_identities": 0,
            "other_records": 1,
        }
        forged = Signed({**receipt.document, "person_id": world.people["Ben"]}, receipt.signature)
        assert not verified(forged, public_key(client_of("kms"), receipt.signature.key_id))


def test_external_ids_and_rosters_forget_also_somebody_who_is_archived() -> None:
    with school() as world:
        ada = world.people[FACE]
        person = wiring.people().get(ada)
        wiring.people().save(replace(person, external_ids={"moodle": "A-815-lovelace"}), person)
        (course_id,) = wiring.courses().courses_of(ada)
        wiring.courses().add_instructor(world.add_course("Art"), ada)
        wiring.people().archive(ada, world.now)
        needles = {"her external id": b"A-815-lovelace"}
        assert search_everything(client_of, needles)
        receipt = world.erase(ada).receipt
        assert receipt is not None
        assert search_everything(client_of, needles) == []
        assert her_items(world) == set()
        assert ada not in wiring.courses().whole_roster(course_id).archived


def test_others_keep_their_evidence_and_the_register_its_numbers() -> None:
    with school() as world:
        (session_id, *_) = sorted(session_ids(world))
        before = world.register(session_id)["Ben"].record
        world.erase(world.people[FACE])
        after = world.register(session_id)["Ben"].record
        assert (after.status, after.evidence) == (before.status, before.evidence)
        assert after.evidence is not None
        frame = wiring.frames().get(after.evidence.frame_id)
        assert frame.result is not None
        assert [sighting.candidate for sighting in frame.result.sightings] == [None, world.people["Ben"]]
        assert not wiring.media().exists(frame.key)
        erased = [
            item for item in world.dump("attendance")["attendance"] if item["sk"]["S"] == "erased#present"
        ]
        assert [item["people"]["N"] for item in erased] == ["1"]
        assert wiring.templates().get(world.people["Ben"], "fake-1") is not None


def session_ids(world: World) -> set[str]:
    return {item["session_id"]["S"] for item in world.dump("attendance")["attendance"]}


def test_claims_go_with_the_pictures_that_they_were_made_in() -> None:
    with school() as world:
        ada, ben = world.people[FACE], world.people["Ben"]
        session_id = sorted(session_ids(world))[0]
        frame_id = see(world, session_id, "Ben")
        for sk, person in (("claim#1", ada), ("face#1", ada), ("claim#2", ben)):
            SessionItem(session_id, sk, person_id=person, frame_id=frame_id).save()
        pending = TemplateRecord("fake-1#pending", f"{ada}#reg_1", occasions=[])
        pending.save()
        receipt = world.erase(ada).receipt
        assert receipt is not None
        assert (receipt.document["erased"]["claims"], receipt.document["erased"]["pictures"]) == (2, 4)
        assert not wiring.media().exists(f"frames/{session_id}/{frame_id}")
        assert her_items(world) == set()
        assert SessionItem.get(session_id, "claim#2").person_id == ben


def test_an_erased_person_is_not_there_and_cannot_come_back() -> None:
    with school() as world:
        ada = world.people[FACE]
        first = world.erase(ada)
        assert world.erase(ada) == first, "again, the same receipt"
        with pytest.raises(PersonNotFound):
            wiring.people().get(ada)
        with pytest.raises(PersonNotFound):
            world.give_consent(ada)
        with pytest.raises(PersonNotFound):
            wiring.courses().put_on_roster(world.add_course("Art"), ada)
        with pytest.raises(PersonNotFound):
            wiring.people().add(Person(ada, FACE, world.now))  # the first request, sent again with its key
        with pytest.raises(PersonNotFound):
            wiring.registrations().add(Registration(ada, "reg_late", 1, world.now))  # asked for just before
        with pytest.raises(PersonNotFound):
            world.erase("per_unknown")
        assert "forget#" + ada in json.dumps(world.dump("models"))


def test_the_very_next_frame_on_a_warm_handler_does_not_match() -> None:
    with school() as world:
        ada = world.people[FACE]
        session_id = next(iter(session_ids(world)))

        def stop_after_the_first_write(number: int) -> None:
            if number == 1:
                raise Crash

        see(world, session_id, FACE)
        with watched(after=stop_after_the_first_write), pytest.raises(Crash):
            world.erase(ada)
        frame = wiring.frames().get(see(world, session_id, FACE))
        assert frame.result is not None
        assert [(each.candidate, each.decision) for each in frame.result.sightings] == [
            (None, Decision.UNKNOWN)
        ]


def erased_for_good(world: World) -> None:
    """Once whatever was under way has ended and the sweep has looked, nothing is left."""
    world.pass_time(minutes=20)
    for _ in range(2):
        world.finish_erasures()
        world.pass_time(minutes=20)
    assert wiring.erasures().due(world.now) == ()
    assert left_of_ada() == []
    assert her_items(world) == set()


@pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.slow)])
def test_cut_off_at_any_write_the_tick_completes_it_with_the_same_receipt(step: int) -> None:
    documents = []
    with school() as world:
        for n in itertools.count(1, step):
            add_ada(world, f"{FACE} {n}")
            ada = world.people[FACE] = world.people[f"{FACE} {n}"]
            with watched(after=crash_at(n)) as writes, suppress(Crash):
                world.erase(ada)
            crashed = len(writes.names) == n
            world.pass_time(minutes=2)
            world.finish_erasures()
            erasure = wiring.erasures().get(ada)
            assert erasure is not None, f"cut off at write {n}"
            assert erasure.receipt is not None, f"cut off at write {n}"
            documents.append(erasure.receipt.document["erased"])
            assert her_items(world) == set(), f"cut off at write {n}"
            if not crashed:
                break
        assert n > 15
        assert all(document == documents[0] for document in documents)


Race = Callable[[World, str, str], Callable[[], Any]]


def a_frame(world: World, name: str, session_id: str) -> Callable[[], Any]:
    frame = world.post_frame(session_id, picture(name, "Ben"))
    return lambda: on_frame_uploaded(world.event(frame.key), None)


def an_enrolment(world: World, name: str, _session_id: str) -> Callable[[], Any]:
    registration = world.upload_registration(world.people[name], clip(name))
    return lambda: on_registration_uploaded(world.event(*registration.keys), None)


def a_roster_edit(world: World, name: str, _session_id: str) -> Callable[[], Any]:
    course_id = world.add_course("Art")

    def edit() -> None:
        with suppress(PersonNotFound, LimitReached):
            wiring.courses().put_on_roster(course_id, world.people[name])

    return edit


def another_upload(world: World, name: str, _session_id: str) -> Callable[[], Any]:
    def upload() -> None:
        with suppress(PersonNotFound):
            registration = world.upload_registration(world.people[name], clip(name))
            on_registration_uploaded(world.event(*registration.keys), None)

    return upload


def a_closing(world: World, _name: str, session_id: str) -> Callable[[], Any]:
    world.pass_time(minutes=5)
    return lambda: world.close_session(session_id)


RACES: dict[str, Race] = {
    "a frame": a_frame,
    "an enrolment": an_enrolment,
    "a roster edit": a_roster_edit,
    "another upload": another_upload,
    "a closing": a_closing,
}


IN_FULL = [pytest.param(kind, marks=() if kind == "a frame" else pytest.mark.slow) for kind in RACES]


@pytest.mark.parametrize("kind", IN_FULL)
def test_whatever_an_erasure_overtakes_ends_erased(kind: str) -> None:
    """Before its n-th write the other waits, while the person is erased whole."""
    with school() as world:
        for n in itertools.count(1):
            name = f"{FACE} {n}"
            session_id = add_ada(world, name)
            ada = world.people[FACE] = world.people[name]
            race = RACES[kind](world, name, session_id)
            overtaken: list[int] = []

            def erase(number: int, n: int = n, ada: str = ada, done: list[int] = overtaken) -> None:
                if number == n and not done:
                    done.append(number)
                    world.erase(ada)

            with watched(before=erase):
                race()
            if not overtaken:
                break
            world.pass_time(minutes=20)
            world.finish_erasures()
            assert her_items(world) == set(), f"overtaken at write {n}"
            assert left_of(name) == [], f"overtaken at write {n}"
        assert n > 1


def test_an_upload_that_arrives_after_an_erasure_is_deleted() -> None:
    with school() as world:
        registration = world.upload_registration(world.people[FACE], clip(FACE))
        world.erase(world.people[FACE])
        for key in registration.keys:
            wiring.media().put(key, clip(FACE), "video/mp4")  # its ticket was still good
        on_registration_uploaded(world.event(*registration.keys), None)
        assert left_of_ada() == []


def test_old_versions_and_what_hides_them_go_too() -> None:
    """The bucket keeps none; should somebody ever have switched versions on, nothing stays readable."""
    with school() as world:
        versioned = {"Bucket": wiring.settings().bucket, "VersioningConfiguration": {"Status": "Enabled"}}
        client_of("s3").put_bucket_versioning(**versioned)
        registration = world.upload_registration(world.people[FACE], clip(FACE))
        (key,) = registration.keys
        wiring.media().put(key, clip("another take"), "video/mp4")
        client_of("s3").delete_object(Bucket=versioned["Bucket"], Key=key)
        world.erase(world.people[FACE])
        assert left_of_ada() == []
        answer = client_of("s3").list_object_versions(Bucket=versioned["Bucket"], Prefix=registration.prefix)
        assert (answer.get("Versions", []), answer.get("DeleteMarkers", [])) == ([], [])


def test_an_erasure_that_runs_out_of_time_goes_on_with_the_tick() -> None:
    from chalicelib.services.erase_person import erase_person

    with school() as world:
        ada = world.people[FACE]
        begun = erase_person(ada, by="adm_x", eraser=wiring.eraser(), out_of_time=lambda: True)
        assert begun.state is ErasureState.ERASING
        assert wiring.erasures().due(world.now) == ()
        world.pass_time(minutes=2)
        assert wiring.erasures().due(world.now) == (ada,)
        erased_for_good(world)
        stored = wiring.erasures().get(ada)
        assert stored is not None
        assert stored.swept


RESTORED = ("people", "courses", "attendance", "frames", "registrations", "templates")


@pytest.mark.parametrize(
    "restored", ["all", *(pytest.param(table, marks=pytest.mark.slow) for table in RESTORED)]
)
def test_a_restored_table_is_erased_again(restored: str) -> None:
    with school() as world:
        chosen = RESTORED if restored == "all" else (restored,)
        before = world.dump(*chosen)
        world.erase(world.people[FACE])
        restore(before)
        assert her_items(world)
        list(reapply_erasures(wiring.eraser()))
        assert left_of_ada() == []
        assert her_items(world) == set()


def restore(before: dict[str, list[Any]]) -> None:
    dynamodb = client_of("dynamodb")
    for table, items in before.items():
        keys = [
            each["AttributeName"]
            for each in dynamodb.describe_table(TableName=f"rollcall-{table}")["Table"]["KeySchema"]
        ]
        for item in dynamodb.scan(TableName=f"rollcall-{table}")["Items"]:
            dynamodb.delete_item(TableName=f"rollcall-{table}", Key={key: item[key] for key in keys})
        for item in items:
            dynamodb.put_item(TableName=f"rollcall-{table}", Item=item)


def test_two_people_of_one_frame_erased_at_once_are_both_forgotten() -> None:
    with school() as world:
        ada, ben = world.people[FACE], world.people["Ben"]
        running = False

        def overtake(number: int) -> None:
            nonlocal running
            if not running and number > 5:
                running = True
                world.erase(ben)

        with watched(before=overtake):
            world.erase(ada)
        assert running
        assert ben not in json.dumps(world.dump("frames"))
        assert her_items(world) == set()


def test_the_sweep_is_due_later_than_any_function_runs() -> None:
    config = json.loads(Path(".chalice/config.json").read_text())
    functions = config["stages"]["prod"]["lambda_functions"].values()
    assert SWEEP_AFTER.total_seconds() > max(each["lambda_timeout"] for each in functions)
    assert set(Held) >= {Held.PICTURES}
