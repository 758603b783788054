"""Switched off for a whole deployment, no face is recognised and nothing of one is kept; attendance goes on by hand."""

import itertools
import json
from contextlib import suppress

import pytest

from chalicelib import wiring
from chalicelib.domain.errors import BiometricsOff, ErasureUnfinished
from chalicelib.domain.registrations import RegistrationState
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.events.registrations import on_registration_uploaded
from chalicelib.services.delete_biometrics import delete_biometrics
from chalicelib.services.switch_biometrics import switch_biometrics
from tests.support.crashes import Crash, crash_at, watched
from tests.support.fakes import clip, picture
from tests.support.world import World


@pytest.fixture
def session(world: World) -> str:
    course_id = world.add_course()
    for name in ("Ada", "Ben"):
        world.add_person(name, course_id=course_id)
        world.enrol(name)
    return world.open_session(course_id)


def switch(world: World, on: bool) -> None:
    switch_biometrics(on, by="adm_x", models=wiring.models(), clock=world.clock)


def delete() -> bool:
    return delete_biometrics(
        models=wiring.models(),
        people=wiring.people(),
        registrations=wiring.registrations(),
        media=wiring.media(),
    )


def see(world: World, session_id: str, *faces: str) -> str:
    frame = world.post_frame(session_id, picture(*faces))
    on_frame_uploaded(world.event(frame.key), None)
    return frame.frame_id


def test_off_holds_at_once_for_frames_and_registrations_on_a_warm_handler(world: World, session: str) -> None:
    see(world, session, "Ada")
    queued = world.post_frame(session, picture("Ada", "Ben"))
    registration = world.upload_registration(world.people["Ben"], clip("Ben"))
    switch(world, False)
    with pytest.raises(BiometricsOff):
        world.post_frame(session, picture("Ben"))
    with pytest.raises(BiometricsOff):
        world.upload_registration(world.people["Ben"], clip("Ben"))
    assert on_frame_uploaded(world.event(queued.key), None) == {"batchItemFailures": []}
    result = wiring.frames().get(queued.frame_id).result
    assert result is not None
    assert result.rejection is not None
    assert (result.rejection.code, result.sightings) == ("biometrics_off", ())
    assert on_registration_uploaded(world.event(*registration.keys), None) == {"batchItemFailures": []}
    stored = wiring.registrations().get(world.people["Ben"], registration.registration_id)
    assert stored.outcome is not None
    assert (stored.state, stored.outcome.code) == (RegistrationState.REFUSED, "biometrics_off")
    assert not {queued.key, *registration.keys} & set(world.pictures())
    assert world.statuses(session) == {"Ada": "present", "Ben": "unseen"}, "what was seen before stays"


def test_templates_and_pictures_are_deleted_and_people_enrol_anew(world: World, session: str) -> None:
    see(world, session, "Ada")
    registration = world.upload_registration(world.people["Ben"], clip("Ben"))
    switch(world, False)
    with pytest.raises(ErasureUnfinished):
        switch(world, True)
    assert delete()
    assert not delete()
    assert (world.dump("templates")["templates"], world.pictures()) == ([], [])
    switch(world, True)
    assert wiring.models().biometrics().on
    on_registration_uploaded(world.event(*registration.keys), None)
    assert world.dump("templates")["templates"] == [], "nothing from before comes back"
    see(world, session, "Ben")
    assert world.statuses(session)["Ben"] == "unseen"
    world.enrol("Ben")
    see(world, session, "Ben")
    assert world.statuses(session)["Ben"] == "present"


def test_a_registration_that_is_being_read_meanwhile_stores_nothing(
    world: World, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = world.recogniser.extract_views

    def switched_off_meanwhile(*arguments):
        views = look(*arguments)
        switch(world, False)
        return views

    monkeypatch.setattr(world.recogniser, "extract_views", switched_off_meanwhile)
    world.add_person("Eve")
    world.enrol("Eve")
    assert world.people["Eve"] not in json.dumps(world.dump("templates"))
    assert session


def test_off_and_on_again_while_a_registration_is_read_stores_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = world.recogniser.extract_views

    def off_and_on_meanwhile(*arguments):
        views = look(*arguments)
        switch(world, False)
        delete()
        switch(world, True)
        return views

    monkeypatch.setattr(world.recogniser, "extract_views", off_and_on_meanwhile)
    world.add_person("Eve")
    world.enrol("Eve")
    assert world.dump("templates")["templates"] == []


def test_a_deletion_cut_off_at_any_write_is_completed_by_the_next_tick(world: World, session: str) -> None:
    for n in itertools.count(1):
        see(world, session, "Ada")
        switch(world, False)
        with watched(after=crash_at(n)) as writes, suppress(Crash):
            delete()
        delete()
        assert (world.dump("templates")["templates"], world.pictures()) == ([], []), f"cut off at write {n}"
        assert not wiring.models().biometrics().erasing
        switch(world, True)
        for name in ("Ada", "Ben"):
            world.enrol(name)
        if len(writes.names) < n:
            break
    assert n > 4


def test_a_deletion_goes_on_where_its_time_ended(world: World, session: str) -> None:
    switch(world, False)
    assert delete_biometrics(
        models=wiring.models(),
        people=wiring.people(),
        registrations=wiring.registrations(),
        media=wiring.media(),
        out_of_time=lambda: True,
    )
    assert wiring.models().biometrics().erasing
    assert session
    delete()
    assert not wiring.models().biometrics().erasing


def test_switching_twice_changes_nothing_and_says_who_did_it(world: World) -> None:
    switch(world, True)
    assert wiring.models().biometrics().changed_at is None
    switch(world, False)
    first = wiring.models().biometrics()
    world.pass_time(minutes=1)
    switch(world, False)
    assert wiring.models().biometrics() == first
    assert (first.changed_by, first.on) == ("adm_x", False)
