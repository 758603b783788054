"""Estates in which something has happened: what a route needs to find before it can succeed."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from chalicelib import wiring
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.timetable import Slot
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.services.record_act import record_act
from chalicelib.services.seal_audit import seal_audit
from tests.support.estate import Estate, estate
from tests.support.fakes import picture
from tests.support.world import World


def lived_in(world: World, name: str) -> Estate:
    """A student whose registration awaits review, as somebody with that face is enrolled; who claims a stranger's face
    of a frame; and a course with a timetable."""
    ours = estate(world, name)
    student, other = f"student of {name}", f"other of {name}"
    world.add_person(other)
    world.enrol(other)
    registration = world.enrol(student, f"{other}~2")
    frame = world.post_frame(ours.ids["session_id"], picture("a stranger"))
    on_frame_uploaded(world.event(frame.key), None)
    claim = world.claim(frame.frame_id, student, by=ours.student)
    world.set_timetable(ours.ids["course_id"], Slot(1, time(9), time(10)), days=7)
    seen = {
        "registration_id": registration.registration_id,
        "frame_id": frame.frame_id,
        "claim_id": claim.claim_id,
        "day": f"{yesterday()}",
    }
    return replace(ours, ids=ours.ids | seen)


def seal_yesterday() -> None:
    then = datetime.combine(yesterday(), datetime.min.time(), UTC)
    somebody = Caller("adm_1", Role.ADMIN)
    record_act(somebody, "POST /v1/people", {}, 201, audit=wiring.audit(), clock=lambda: then)
    seal_audit(datetime.now(UTC), audit=wiring.audit(), seals=wiring.seals(), signer=wiring.signer())


def yesterday() -> date:
    """The last day that is certain to be sealed."""
    return (datetime.now(UTC) - timedelta(minutes=6)).date() - timedelta(days=1)
