"""The API as its clients see it: answers, errors, who may do what."""

import csv
import io
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib import wiring
from chalicelib.api.permissions import PERMISSIONS
from chalicelib.domain.quality import Condition, Reason
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.services.issue_token import issue_admin_token
from tests.api.conftest import Api
from tests.support.fakes import picture
from tests.support.world import CONSENT_IN

GIF = b"GIF89a" + bytes(20)


def test_a_person_is_added_read_and_listed_page_by_page(api: Api) -> None:
    ids = [api.created("/v1/people", {"name": name})["id"] for name in ("Ada", "Ben", "Cem")]
    assert api.call("GET", f"/v1/people/{ids[0]}").json_body["name"] == "Ada"
    first = api.call("GET", "/v1/people?limit=2").json_body
    second = api.call("GET", f"/v1/people?limit=2&cursor={first['next_cursor']}").json_body
    assert [person["id"] for person in first["items"] + second["items"]] == ids
    assert second["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["nonsense", "e30", "bnVsbA", "eyJhIjogMX0", "eyJhIjogeyJTIjogIjEifX0"])
def test_a_cursor_that_was_not_given_out_is_refused(api: Api, cursor: str) -> None:
    api.created("/v1/people", {"name": "Ada"})
    assert api.code(api.call("GET", f"/v1/people?cursor={cursor}")) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/people", {}, "name"),
        ("/v1/people", {"name": "  "}, "name"),
        ("/v1/people", {"name": "Ada", "age": 12}, "age"),
        ("/v1/people", {"name": "a\x00b"}, "name"),
        ("/v1/people", {"name": "\u202eadA"}, "name"),
        ("/v1/courses", {"name": "Maths", "time_zone": "localtime"}, "time_zone"),
        ("/v1/people", [], ""),
        ("/v1/courses", {"name": "Maths", "time_zone": "Mars/Olympus"}, "time_zone"),
        ("/v1/cameras", {"name": "Room", "course_ids": []}, "course_ids"),
        ("/v1/people/per_x/registrations", {"files": []}, "files"),
        (
            "/v1/people/per_x/registrations",
            {"files": [{"content_type": "video/mp4", "length": 5}] * 2},
            "files",
        ),
        (
            "/v1/people/per_x/registrations",
            {"files": [{"content_type": "image/png", "length": 40_000_000}] * 2},
            "files",
        ),
        (
            "/v1/people/per_x/registrations",
            {"files": [{"content_type": "image/gif", "length": 5}]},
            "files.0.content_type",
        ),
        ("/v1/sessions/ses_x/frame-uploads", {"content_type": "image/png", "length": 13_000_000}, "length"),
        ("/v1/courses/crs_x/sessions", {"closes_at": "2026-11-23T10:00:00"}, "closes_at"),
        ("/v1/cameras", {"name": "Room", "course_ids": ["crs_1"]}, "course_ids.0"),
    ],
)
def test_a_field_that_is_wrong_is_named(api: Api, path: str, body: object, field: str) -> None:
    answer = api.call("POST", path, body)
    assert api.code(answer) == (400, "invalid_request")
    assert field in [error["field"] for error in json.loads(answer.body)["errors"]]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"name": "\xff"}'])
def test_a_body_that_is_no_json_is_refused(api: Api, body: bytes) -> None:
    assert api.code(api.call("POST", "/v1/people", body)) == (400, "invalid_request")


def test_a_body_of_another_type_is_refused_in_the_same_form(api: Api) -> None:
    assert api.code(api.call("POST", "/v1/people", b"name=Ada", content_type="text/plain")) == (
        415,
        "unsupported_media_type",
    )


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v1/people/per_x", "person_not_found"),
        ("PUT", "/v1/people/per_x/consent", "person_not_found"),
        ("DELETE", "/v1/people/per_x/consent", "person_not_found"),
        ("GET", "/v1/people/per_x/registrations/reg_x", "registration_not_found"),
        ("GET", "/v1/courses/crs_x", "course_not_found"),
        ("GET", "/v1/courses/crs_x/sessions", "course_not_found"),
        ("PUT", "/v1/courses/crs_x/roster/per_x", "course_not_found"),
        ("DELETE", "/v1/courses/crs_x/roster/per_x", "not_on_roster"),
        ("GET", "/v1/sessions/ses_x", "session_not_found"),
        ("POST", "/v1/sessions/ses_x/close", "session_not_found"),
        ("GET", "/v1/sessions/ses_x/attendance", "session_not_found"),
        ("GET", "/v1/frames/frm_x", "frame_not_found"),
        ("DELETE", "/v1/cameras/cam_x", "camera_not_found"),
    ],
)
def test_what_does_not_exist_is_said_by_name(api: Api, method: str, path: str, code: str) -> None:
    body = CONSENT_IN if path.endswith("consent") and method == "PUT" else None
    assert api.code(api.call(method, path, body)) == (404, code)


@pytest.mark.parametrize(
    "path", ["/v1/people/{}", "/v1/people/{}/consent", "/v1/sessions/{}", "/v1/frames/{}"]
)
@pytest.mark.parametrize("name", ["x" * 3000, "%20", "%00", "..", "%F0%9F%A6%84", "a%2Fb"])
def test_an_id_that_cannot_be_is_not_found(api: Api, path: str, name: str) -> None:
    status, code = api.code(api.call("GET", path.format(name)))
    assert (status, code.endswith("not_found")) == (404, True)


def test_consent_is_given_read_and_withdrawn(api: Api) -> None:
    path = f"/v1/people/{api.created('/v1/people', {'name': 'Ada'})['id']}/consent"
    assert api.code(api.call("GET", path)) == (409, "consent_missing")
    given = api.call("PUT", path, CONSENT_IN).json_body
    assert (given["active"], given["uses"]) == (True, ["matching", "evaluation", "normalisation"])
    withdrawn = api.call("DELETE", path).json_body
    assert not withdrawn["active"]
    assert api.call("DELETE", path).json_body == withdrawn
    assert api.call("GET", path).json_body == withdrawn


def test_without_consent_there_is_no_registration(api: Api) -> None:
    person_id = api.created("/v1/people", {"name": "Ada"})["id"]
    video = {"files": [{"content_type": "video/mp4", "length": 1000}]}
    assert api.code(api.call("POST", f"/v1/people/{person_id}/registrations", video)) == (
        409,
        "consent_missing",
    )


def test_an_upload_ticket_binds_type_length_and_first_write(api: Api) -> None:
    person_id = api.created("/v1/people", {"name": "Ada"})["id"]
    api.call("PUT", f"/v1/people/{person_id}/consent", CONSENT_IN)
    video = {"files": [{"content_type": "video/mp4", "length": 1000}]}
    registration = api.created(f"/v1/people/{person_id}/registrations", video)
    (upload,) = registration["uploads"]
    url = urlsplit(upload["url"])
    query = parse_qs(url.query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-SignedHeaders"] == ["content-length;content-type;host;if-none-match"]
    assert query["X-Amz-Expires"] == ["300"]
    assert upload["headers"] == {"Content-Type": "video/mp4", "Content-Length": "1000", "If-None-Match": "*"}
    assert url.path.endswith(f"/registrations/{person_id}/{registration['id']}/0")
    assert registration["state"] == "awaiting_upload"
    listed = api.call("GET", f"/v1/people/{person_id}/registrations").json_body["items"]
    assert [item["id"] for item in listed] == [registration["id"]]


def test_a_frame_is_posted_waited_for_and_read(api: Api) -> None:
    course_id, camera = api.course_with_camera()
    session_id = api.session(course_id)
    posted = api.call(
        "POST", f"/v1/sessions/{session_id}/frames", picture("x"), token=camera, content_type="image/png"
    )
    assert posted.status_code == 202
    assert posted.json_body["next_frame_in_seconds"] == 10
    path = posted.headers["Location"]
    pending = api.call("GET", path, token=camera)
    assert (pending.json_body["state"], pending.headers["Retry-After"]) == ("pending", "1")
    on_frame_uploaded(api.world.event(f"frames/{session_id}/{posted.json_body['id']}"), None)
    done = api.call("GET", f"{path}?wait=1", token=camera).json_body
    (sighting,) = done["sightings"]
    assert (done["state"], sighting["decision"], sighting["confidence"]) == ("done", "unknown", 0.9)
    assert done["next_frame_in_seconds"] == 10


def test_a_camera_is_told_what_is_wrong_and_when_the_next_frame_is_due(api: Api) -> None:
    course_id, camera = api.course_with_camera()
    session_id = api.session(course_id)

    def answer(body: bytes) -> Any:
        path = f"/v1/sessions/{session_id}/frames"
        posted = api.call("POST", path, body, token=camera, content_type="image/png").json_body
        assert (posted["health"], posted["sightings"]) == (None, [])
        on_frame_uploaded(api.world.event(f"frames/{session_id}/{posted['id']}"), None)
        return api.call("GET", f"/v1/frames/{posted['id']}", token=camera).json_body

    seen = answer(picture("x", reasons=[Reason.TOO_SMALL]))
    assert seen["sightings"][0]["reasons"] == [{"code": "too_small", "advice": "Move closer to the camera."}]
    assert seen["health"] == {"brightness": 120, "contrast": 30, "sharpness": 0.35, "conditions": []}
    nobody = answer(picture(conditions=[Condition.DARK]))
    assert nobody["sightings"] == []
    assert nobody["health"]["conditions"] == [{"code": "dark", "advice": "Give the room more light."}]
    assert nobody["next_frame_in_seconds"] == 10


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "empty_body")),
        (GIF, (415, "unsupported_media_type")),
        (b"ffconcat version 1.0\nfile secret.avi", (415, "unsupported_media_type")),
        (b"\xff\xd8\xff\xe0 cut off", (422, "unreadable_picture")),
    ],
)
@pytest.mark.parametrize("content_type", ["image/jpeg", "application/octet-stream"])
def test_a_body_that_is_no_picture_is_refused_at_the_door(
    api: Api, body: bytes, expected: tuple[int, str], content_type: str
) -> None:
    course_id, camera = api.course_with_camera()
    path = f"/v1/sessions/{api.session(course_id)}/frames"
    assert api.code(api.call("POST", path, body, token=camera, content_type=content_type)) == expected
    assert api.world.dump("frames") == {"frames": []}


def test_a_frame_for_a_closed_session_is_refused(api: Api) -> None:
    course_id, camera = api.course_with_camera()
    session_id = api.session(course_id)
    assert api.call("POST", f"/v1/sessions/{session_id}/close").json_body["state"] == "closed"
    frame = api.call(
        "POST", f"/v1/sessions/{session_id}/frames", picture("x"), token=camera, content_type="image/png"
    )
    assert api.code(frame) == (409, "session_not_open")
    upload = {"content_type": "image/png", "length": 10}
    ticket = api.call("POST", f"/v1/sessions/{session_id}/frame-uploads", upload, token=camera)
    assert api.code(ticket) == (409, "session_not_open")
    assert api.code(api.call("POST", f"/v1/sessions/{session_id}/open")) == (409, "session_not_open")


def test_a_camera_serves_its_own_courses_only(api: Api) -> None:
    course_id, _ = api.course_with_camera()
    _, other_camera = api.course_with_camera()
    session_id = api.session(course_id)
    frame = api.call(
        "POST", f"/v1/sessions/{session_id}/frames", picture("x"), content_type="image/png"
    ).json_body
    upload = {"content_type": "image/png", "length": 10}
    for answer in (
        api.call("GET", f"/v1/sessions/{session_id}", token=other_camera),
        api.post_picture(session_id, other_camera),
        api.call("POST", f"/v1/sessions/{session_id}/frame-uploads", upload, token=other_camera),
        api.call("GET", f"/v1/frames/{frame['id']}", token=other_camera),
    ):
        assert api.code(answer) == (403, "forbidden")


def test_a_revoked_camera_is_refused_at_its_next_post_even_if_its_token_is_still_cached(api: Api) -> None:
    course_id, camera = api.course_with_camera()
    session_id = api.session(course_id)
    (listed,) = api.call("GET", "/v1/cameras").json_body["items"]
    assert "token" not in listed
    assert api.call("DELETE", f"/v1/cameras/{listed['id']}").json_body["revoked_at"]

    refused = api.post_picture(session_id, camera)
    assert refused.status_code == 403, "the authorizer knows the token no more"


def test_no_route_but_the_public_ones_answers_without_a_token(api: Api) -> None:
    for route, rule in PERMISSIONS.items():
        method, _, path = route.partition(" ")
        answer = api.client.http.request(method, path.replace("{", "").replace("}", ""))
        assert (answer.status_code == 200) == (not rule), route


@pytest.mark.parametrize("token", ["wrong", "", "Bearer", "rollcall_" + "x" * 43])
def test_a_token_that_was_not_issued_opens_nothing(api: Api, token: str) -> None:
    assert api.client.http.get("/v1/people", headers={"Authorization": f"Bearer {token}"}).status_code == 403


def test_tokens_are_stored_only_as_hashes(api: Api) -> None:
    _, camera = api.course_with_camera()
    stored = json.dumps(api.world.dump("access"))
    assert api.token not in stored
    assert camera not in stored
    assert issue_admin_token(access=wiring.access()) != issue_admin_token(access=wiring.access())


def test_the_register_as_csv_keeps_names_harmless(api: Api) -> None:
    course_id, _ = api.course_with_camera()
    names = ["=1+1", "Åsa, Maria"]
    for name in names:
        person_id = api.created("/v1/people", {"name": name})["id"]
        assert api.call("PUT", f"/v1/courses/{course_id}/roster/{person_id}").status_code == 204
    session_id = api.session(course_id)
    for answer in (
        api.call("GET", f"/v1/sessions/{session_id}/attendance?format=csv"),
        api.call("GET", f"/v1/sessions/{session_id}/attendance", Accept="text/csv"),
    ):
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        text = answer.body.decode()
        assert text.startswith("\ufeff")
        rows = list(csv.DictReader(io.StringIO(text[1:])))
        assert [(row["name"], row["status"]) for row in rows] == [
            ("'=1+1", "unseen"),
            ("Åsa, Maria", "unseen"),
        ]


def test_sessions_of_a_course_are_listed_by_time(api: Api) -> None:
    course_id, _ = api.course_with_camera()
    ids = [api.session(course_id), api.session(course_id)]
    listed = api.call("GET", f"/v1/courses/{course_id}/sessions").json_body["items"]
    assert [session["id"] for session in listed] == ids


@pytest.mark.parametrize(
    "times",
    [
        {"closes_at": "2001-01-01T10:00:00Z"},
        {"opens_at": "2199-01-01T10:00:00Z", "closes_at": "2199-01-01T10:00:00Z"},
        {"opens_at": "2199-01-01T10:00:00Z", "closes_at": "2199-01-02T10:00:01Z"},
        {"opens_at": "2199-01-01T10:00:00Z", "closes_at": "9999-12-31T23:59:59-10:00"},
    ],
)
def test_a_session_that_cannot_be_is_refused(api: Api, times: dict[str, str]) -> None:
    course_id, _ = api.course_with_camera()
    assert api.code(api.call("POST", f"/v1/courses/{course_id}/sessions", times)) == (
        400,
        "invalid_request",
    )
