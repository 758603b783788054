"""An Idempotency-Key: the same request is done once, another under the same key is refused."""

import pytest

from tests.api.conftest import Api


def test_a_post_sent_again_makes_nothing_twice(api: Api) -> None:
    first = api.call("POST", "/v1/people", {"name": "Ada"}, **{"Idempotency-Key": "a"})
    again = api.call("POST", "/v1/people", {"name": "Ada"}, **{"Idempotency-Key": "a"})
    other = api.call("POST", "/v1/people", {"name": "Ada"}, **{"Idempotency-Key": "b"})
    plain = api.call("POST", "/v1/people", {"name": "Ada"})
    assert first.status_code == again.status_code == 201
    assert first.json_body == again.json_body
    assert len({answer.json_body["id"] for answer in (first, other, plain)}) == 3
    assert len(api.call("GET", "/v1/people").json_body["items"]) == 3


def test_another_request_under_the_same_key_is_refused(api: Api) -> None:
    api.call("POST", "/v1/people", {"name": "Ada"}, **{"Idempotency-Key": "a"})
    other = api.call("POST", "/v1/people", {"name": "Ben"}, **{"Idempotency-Key": "a"})
    assert api.code(other) == (422, "idempotency_key_reused")
    assert len(api.call("GET", "/v1/people").json_body["items"]) == 1


def test_keys_of_different_callers_and_routes_do_not_meet(api: Api) -> None:
    course_id, camera = api.course_with_camera()
    other_course, _ = api.course_with_camera()
    key = {"Idempotency-Key": "a"}
    times = {"closes_at": "2199-01-01T10:00:00Z", "opens_at": "2199-01-01T09:00:00Z"}
    ids = [
        api.call("POST", f"/v1/courses/{course}/sessions", times, **key).json_body["id"]
        for course in (course_id, other_course)
    ]
    assert len(set(ids)) == 2
    opened = api.session(course_id)
    picture_path = f"/v1/sessions/{opened}/frame-uploads"
    body = {"content_type": "image/png", "length": 10}
    frames = [
        api.call("POST", picture_path, body, token=token, **key).json_body["id"] for token in (None, camera)
    ]
    assert len(set(frames)) == 2


def test_a_camera_registered_again_gets_a_new_token_and_the_old_one_ends(api: Api) -> None:
    course_id, _ = api.course_with_camera()
    session_id = api.session(course_id)
    body = {"name": "Room 2", "course_ids": [course_id]}
    first, again = (
        api.call("POST", "/v1/cameras", body, **{"Idempotency-Key": "a"}).json_body for _ in range(2)
    )
    assert first["id"] == again["id"]
    path = f"/v1/sessions/{session_id}"
    assert api.call("GET", path, token=first["token"]).status_code == 403, "unknown to the authorizer"
    assert api.call("GET", path, token=again["token"]).status_code == 200


def test_a_registration_asked_for_again_gets_fresh_tickets_for_the_same_keys(api: Api) -> None:
    person_id = api.world.add_person("Ada")
    body = {"files": [{"content_type": "video/mp4", "length": 10}]}
    path = f"/v1/people/{person_id}/registrations"
    first, again = (api.call("POST", path, body, **{"Idempotency-Key": "a"}).json_body for _ in range(2))
    assert first["id"] == again["id"]
    assert first["uploads"][0]["url"].split("?")[0] == again["uploads"][0]["url"].split("?")[0]
    assert len(api.call("GET", path).json_body["items"]) == 1


@pytest.mark.parametrize("key", ["x" * 256])
def test_a_key_that_is_too_long_is_refused(api: Api, key: str) -> None:
    assert api.code(api.call("POST", "/v1/people", {"name": "Ada"}, **{"Idempotency-Key": key})) == (
        400,
        "invalid_request",
    )


def test_what_is_kept_of_a_key_tells_nothing_and_expires(api: Api) -> None:
    api.call("POST", "/v1/people", {"name": "Adalovelace"}, **{"Idempotency-Key": "secret-key"})
    kept = [item for item in api.world.dump("access")["access"] if item["id"]["S"].startswith("idempotency#")]
    assert len(kept) == 1
    assert set(kept[0]) == {"id", "fingerprint", "expires_at"}
    assert "secret-key" not in str(kept)
