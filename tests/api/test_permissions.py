"""Who may do what, in full: every route, every role, and its own objects or somebody else's."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.api.permissions import PERMISSIONS
from chalicelib.api.routes import operations
from chalicelib.domain.access import Caller, Camera, Reach, Role
from chalicelib.domain.errors import Forbidden, InvalidToken
from chalicelib.services.authorise import authorise
from chalicelib.services.list_own_courses import list_own_courses
from tests.support.estate import Estate, camera_caller, estate, placeholders
from tests.support.world import START, new_world

ROLES = tuple(Role)
# The caller alone, or what holds for everybody.
TELLS_OF_NOBODY = (
    "GET /v1/me/courses",
    "GET /v1/me",
    "GET /v1/privacy",
    "GET /v1/consent-texts",
    "GET /v1/consent-texts/{text_version}",
)


@pytest.fixture(scope="module")
def estates() -> Iterator[tuple[Estate, Estate]]:
    with new_world() as world:
        yield estate(world, "ours"), estate(world, "theirs")


def admitted(route: str, caller: Caller, ids: dict[str, str]) -> bool:
    ports: Any = {
        "access": wiring.access(),
        "courses": wiring.courses(),
        "frames": wiring.frames(),
        "sessions": wiring.sessions(),
    }
    try:
        authorise(caller, PERMISSIONS[route], ids, **ports)
    except Forbidden:
        return False
    return True


def test_every_route_is_in_the_table_and_every_row_is_a_route() -> None:
    import app

    declared = {f"{method} {path}" for path, methods in app.app.routes.items() for method in methods}
    assert set(PERMISSIONS) == declared == set(operations)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", [route for route, rule in PERMISSIONS.items() if rule])
def test_a_role_reaches_what_the_table_says_and_nothing_else(
    route: str, role: Role, estates: tuple[Estate, Estate]
) -> None:
    ours, theirs = estates
    reach = PERMISSIONS[route].get(role)
    path = route.partition(" ")[2]
    assert admitted(route, ours.caller(role), ours.named(path)) == (reach is not None)
    assert admitted(route, ours.caller(role), theirs.named(path)) == (reach is Reach.EVERY)


@pytest.mark.parametrize("route", [route for route in PERMISSIONS if len(placeholders(route)) > 1])
def test_one_id_of_ones_own_does_not_open_another(route: str, estates: tuple[Estate, Estate]) -> None:
    """A student may name himself alone, an instructor and a camera their courses alone, whatever stands beside it."""
    ours, theirs = estates
    path = route.partition(" ")[2]
    for role in set(PERMISSIONS[route]) - {Role.ADMIN}:
        decisive = "person_id" if role is Role.STUDENT and "person_id" in placeholders(path) else None
        decisive = decisive or next(
            (name for name in ("course_id", "frame_id", "session_id") if name in placeholders(path)),
            "person_id",
        )
        mixed = {**ours.named(path), decisive: theirs.ids[decisive]}
        assert not admitted(route, ours.caller(role), mixed), (role, mixed)


def test_own_reach_always_leads_to_an_owner() -> None:
    """A route that no path parameter ties to somebody would be open to nobody, or to all."""
    tied = {"course_id", "session_id", "frame_id", "person_id"}
    for route, rule in PERMISSIONS.items():
        if Reach.OWN in rule.values():
            assert tied.intersection(placeholders(route)), route
        assert rule.get(Role.ADMIN, Reach.EVERY) is Reach.EVERY, route


def test_no_camera_and_no_student_reaches_everybody() -> None:
    for route, rule in PERMISSIONS.items():
        if route in TELLS_OF_NOBODY:
            continue
        assert rule.get(Role.CAMERA) is not Reach.EVERY, route
        assert rule.get(Role.STUDENT) is not Reach.EVERY, route


def test_an_instructor_reaches_the_people_of_his_courses_and_himself_only(
    estates: tuple[Estate, Estate],
) -> None:
    ours, theirs = estates
    route = "GET /v1/people/{person_id}"
    assert admitted(route, ours.instructor, {"person_id": ours.instructor.subject})
    assert admitted(route, ours.instructor, {"person_id": ours.student.subject})
    assert not admitted(route, ours.instructor, {"person_id": theirs.student.subject})
    assert not admitted(route, ours.instructor, {"person_id": theirs.instructor.subject})


def test_a_camera_that_was_revoked_or_has_a_newer_token_is_nobody_even_if_its_token_is_still_cached(
    estates: tuple[Estate, Estate],
) -> None:
    ours, _ = estates
    caller = camera_caller(Camera("cam_old", "old", frozenset({ours.ids["course_id"]}), START))
    route, ids = "GET /v1/sessions/{session_id}", {"session_id": ours.ids["session_id"]}
    assert admitted(route, caller, ids)
    wiring.access().replace_camera_token("cam_old", "its new token")
    with pytest.raises(InvalidToken):
        admitted(route, caller, ids)
    newer = wiring.access().caller("its new token")
    assert newer is not None
    assert admitted(route, newer, ids)
    wiring.access().revoke_camera("cam_old", START)
    for each in (caller, newer, Caller("cam_old", Role.CAMERA)):
        with pytest.raises(InvalidToken):
            admitted(route, each, ids)


def test_a_camera_of_a_room_reaches_what_meets_there_and_nothing_else(
    estates: tuple[Estate, Estate],
) -> None:
    ours, theirs = estates
    caller = camera_caller(Camera("cam_room", "room", frozenset(), START, rooms=frozenset({"B 204"})))
    session = wiring.sessions().get(ours.ids["session_id"])
    route, ids = "POST /v1/sessions/{session_id}/frames", {"session_id": session.session_id}
    frame, frame_id = "GET /v1/frames/{frame_id}", {"frame_id": ours.ids["frame_id"]}
    assert not admitted(route, caller, ids)
    wiring.sessions().save(replace(session, room="B 204"))
    assert admitted(route, caller, ids)
    assert admitted(frame, caller, frame_id)
    assert not admitted(route, caller, {"session_id": theirs.ids["session_id"]})
    assert not admitted("GET /v1/courses/{course_id}/sessions", caller, {"course_id": ours.ids["course_id"]})
    wiring.sessions().save(replace(wiring.sessions().get(session.session_id), room="B 205"))
    assert not admitted(route, caller, ids)


def test_everybody_finds_the_courses_that_are_his_own(estates: tuple[Estate, Estate]) -> None:
    ours, _ = estates
    for role in (Role.INSTRUCTOR, Role.STUDENT, Role.CAMERA):
        found = list_own_courses(ours.caller(role), access=wiring.access(), courses=wiring.courses())
        assert [course.course_id for course in found] == [ours.ids["course_id"]], role
    assert list_own_courses(ours.caller(Role.ADMIN), access=wiring.access(), courses=wiring.courses()) == ()
