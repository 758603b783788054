"""The register over HTTP: timetables, marks, review, codes, history, lists."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client

import app as rollcall
from chalicelib import wiring
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.sightings import Decision
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.services.issue_token import issue_admin_token
from tests.api.conftest import Api
from tests.support.fakes import picture
from tests.support.world import START, World, new_world

TIMETABLE = {
    "slots": [{"weekday": 1, "starts": "09:00", "ends": "10:30", "room": "Room 7"}],
    "first_date": "2150-01-01",
    "last_date": "2150-06-30",
    "excepted": ["2150-05-01"],
}


@pytest.fixture(scope="module")
def deployment() -> Iterator[tuple[World, Client]]:
    with new_world() as world, Client(rollcall.app) as client:
        yield world, client


@pytest.fixture
def api(deployment: tuple[World, Client]) -> Api:
    """Begun anew for each test: a face that somebody has already awaits a human."""
    world, client = deployment
    world.begin_anew()
    return Api(world, client, issue_admin_token(access=wiring.access()))


@pytest.fixture
def session(api: Api) -> str:
    course_id, _ = api.course_with_camera()
    for name in ("Ada", "Ben"):
        api.world.add_person(name, course_id=course_id)
        api.world.enrol(name)
    return api.session(course_id)


def token_of(person_id: str, role: Role) -> str:
    token = f"rollcall_{person_id}"
    wiring.access().add_token(token, Caller(person_id, role), START, None)
    return token


def sees(api: Api, session_id: str, name: str, decision: Decision = Decision.ACCEPTED) -> None:
    shown = picture(name, decision=decision)
    path = f"/v1/sessions/{session_id}/frames"
    frame = api.call("POST", path, shown, content_type="image/png").json_body
    on_frame_uploaded(api.world.event(f"frames/{session_id}/{frame['id']}"), None)


def items(api: Api, path: str) -> list[dict[str, Any]]:
    answer = api.call("GET", path)
    assert answer.status_code == 200, answer.body
    return answer.json_body["items"]


def test_a_timetable_is_set_read_and_changed_only_by_who_has_seen_it(api: Api) -> None:
    course_id, _ = api.course_with_camera()
    path = f"/v1/courses/{course_id}/timetable"
    assert api.code(api.call("GET", path)) == (404, "timetable_not_found")
    put = api.call("PUT", path, TIMETABLE)
    assert put.status_code == 200, put.body
    read = api.call("GET", path)
    assert read.json_body == put.json_body == TIMETABLE
    assert read.headers["ETag"] == '"1"'
    stale = api.call("PUT", path, {**TIMETABLE, "slots": []}, **{"If-Match": '"7"'})
    assert api.code(stale) == (412, "precondition_failed")
    assert api.call("PUT", path, {**TIMETABLE, "slots": []}, **{"If-Match": '"1"'}).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_date": "2150-02-30"},
        {"first_date": "2151-01-01"},
        {"slots": [{"weekday": 8, "starts": "09:00", "ends": "10:00"}]},
        {"slots": [{"weekday": 1, "starts": "24:00", "ends": "10:00"}]},
        {"slots": [{"weekday": 1, "starts": "09:00", "ends": "10:00"}] * 2},
    ],
    ids=str,
)
def test_a_timetable_that_cannot_be_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    course_id, _ = api.course_with_camera()
    answer = api.call("PUT", f"/v1/courses/{course_id}/timetable", {**TIMETABLE, **wrong})
    assert api.code(answer) == (400, "invalid_request")


def test_sessions_are_listed_by_when_they_open(api: Api, session: str) -> None:
    course_id = api.call("GET", f"/v1/sessions/{session}").json_body["course_id"]
    path = f"/v1/courses/{course_id}/sessions"
    assert [each["id"] for each in items(api, path)] == [session]
    assert items(api, f"{path}?from=2190-01-01T00:00:00Z") == []
    assert len(items(api, f"{path}?from=2000-01-01T00:00:00Z&until=2190-01-01T00:00:00Z")) == 1
    assert api.code(api.call("GET", f"{path}?from=yesterday")) == (400, "invalid_request")


def test_a_mark_its_history_and_its_clearing(api: Api, session: str) -> None:
    sees(api, session, "Ada")
    path = f"/v1/sessions/{session}/attendance/{api.world.people['Ada']}"
    assert api.code(api.call("PUT", path, {"status": "excused"})) == (400, "invalid_request")
    marked = api.call("PUT", path, {"status": "excused", "reason": "ill"})
    assert (marked.status_code, marked.headers["ETag"]) == (200, '"2"')
    assert marked.json_body["status"] == "excused"
    assert marked.json_body["mark"]["reason"] == "ill"
    stale = api.call("PUT", path, {"status": "late"}, **{"If-Match": '"1"'})
    assert api.code(stale) == (412, "precondition_failed")
    cleared = api.call("DELETE", f"{path}?reason=came", **{"If-Match": '"2"'})
    assert (cleared.json_body["status"], cleared.json_body["mark"]) == ("present", None)
    history = [(each["act"], each["after"]) for each in items(api, f"{path}/history")]
    assert history == [("sighted", "present"), ("marked", "excused"), ("cleared", "present")]
    nobody = api.call("PUT", f"/v1/sessions/{session}/attendance/per_nobody", {"status": "late"})
    assert api.code(nobody) == (404, "not_on_roster")


def test_proposals_are_confirmed_and_rejected(api: Api, session: str) -> None:
    for name in ("Ada", "Ben"):
        sees(api, session, name, Decision.REVIEW)
    path = f"/v1/sessions/{session}"
    rejected = api.call("POST", f"{path}/rejections", {"person_ids": [api.world.people["Ben"]]})
    assert [each["review"] for each in rejected.json_body["items"]] == [None]
    confirmed = api.call("POST", f"{path}/confirmations", {})
    (entry,) = confirmed.json_body["items"]
    assert (entry["person_id"], entry["status"]) == (api.world.people["Ada"], "present")
    assert entry["mark"]["frame_id"] == entry["evidence"]["frame_id"]
    statuses = {each["name"]: each["status"] for each in items(api, f"{path}/attendance")}
    assert statuses == {"Ada": "present", "Ben": "unseen"}


def test_a_student_checks_in_and_reads_the_own_attendance_only(api: Api, session: str) -> None:
    ada, ben = (api.world.people[name] for name in ("Ada", "Ben"))
    token = token_of(ada, Role.STUDENT)
    path = f"/v1/sessions/{session}"
    code = api.created(f"{path}/codes", None)["code"]
    wrong = api.call("POST", f"{path}/check-ins", {"code": f"{(int(code) + 1) % 10**6:06}"}, token=token)
    assert api.code(wrong) == (403, "code_refused")
    checked_in = api.call("POST", f"{path}/check-ins", {"code": code}, token=token)
    assert (checked_in.status_code, checked_in.json_body["status"]) == (200, "present")
    own = api.call("GET", f"/v1/people/{ada}/attendance", token=token).json_body["items"]
    assert [(each["session_id"], each["status"]) for each in own] == [(session, "present")]
    for path in (f"/v1/people/{ben}/attendance", f"/v1/sessions/{session}/attendance/{ben}/history"):
        assert api.code(api.call("GET", path, token=token)) == (403, "forbidden")


def test_the_list_as_csv_tells_minutes_evidence_and_who_marked_why(api: Api, session: str) -> None:
    sees(api, session, "Ada")
    path = f"/v1/sessions/{session}/attendance"
    api.call("PUT", f"{path}/{api.world.people['Ben']}", {"status": "excused", "reason": "=SUM(A1)"})
    text = api.call("GET", f"{path}?format=csv").body.decode()
    ada, ben = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert (ada["minutes"], ada["confidence"], ada["model_id"]) == ("0", "0.9", "fake-1")
    assert (ben["status"], ben["reason"], ben["minutes"]) == ("excused", "'=SUM(A1)", "")


def test_a_session_is_cancelled_before_it_begins_and_its_course_may_be_archived(api: Api) -> None:
    course_id, _ = api.course_with_camera()
    far = {"opens_at": "2037-11-24T09:00:00Z", "closes_at": "2037-11-24T10:00:00Z"}
    session_id = api.created(f"/v1/courses/{course_id}/sessions", far)["id"]
    assert api.code(api.call("POST", f"/v1/courses/{course_id}/archive"))[0] == 409
    for _ in range(2):
        assert api.call("POST", f"/v1/sessions/{session_id}/cancel").json_body["state"] == "cancelled"
    assert api.code(api.call("POST", f"/v1/sessions/{session_id}/open")) == (409, "session_not_open")
    assert api.call("POST", f"/v1/courses/{course_id}/archive").status_code == 200
    running = api.session(api.course_with_camera()[0])
    assert api.code(api.call("POST", f"/v1/sessions/{running}/cancel")) == (409, "session_begun")


def test_a_session_that_no_camera_saw_is_flagged(api: Api) -> None:
    course_id, _ = api.course_with_camera()
    api.world.add_person("Ada", course_id=course_id)
    session_id = api.session(course_id)
    assert api.call("POST", f"/v1/sessions/{session_id}/close").json_body["flagged"] == "no_usable_frames"
    assert [each["id"] for each in items(api, f"/v1/courses/{course_id}/flagged-sessions")] == [session_id]
    assert api.call("DELETE", f"/v1/sessions/{session_id}/flag").json_body["flagged"] is None
    assert items(api, f"/v1/courses/{course_id}/flagged-sessions") == []


def test_a_camera_of_a_room_posts_to_what_meets_there_whatever_its_course(api: Api) -> None:
    course_id, _ = api.course_with_camera()
    door = api.created("/v1/cameras", {"name": "Door", "rooms": ["B 204"]})["token"]

    def post(room: str) -> int:
        times = {"opens_at": "2199-01-01T09:00:00Z", "closes_at": "2199-01-01T10:00:00Z"}
        session_id = api.created(f"/v1/courses/{course_id}/sessions", {**times, "room": room})["id"]
        assert api.call("POST", f"/v1/sessions/{session_id}/open").status_code == 200
        return api.post_picture(session_id, door, "Ada").status_code

    assert (post("B 204"), post("B 205")) == (202, 403)


def test_what_is_wrong_is_said_in_words_of_json(api: Api) -> None:
    course_id, _ = api.course_with_camera()
    person_id = api.world.add_person("Ada", course_id=course_id)
    path = f"/v1/sessions/{api.session(course_id)}/attendance/{person_id}"
    (error,) = api.call("PUT", path, {"status": "here"}).json_body["errors"]
    assert error == {"field": "status", "message": "Input should be 'present', 'late', 'absent' or 'excused'"}
