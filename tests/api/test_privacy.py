"""What people are told, may ask for and may have deleted, as the API answers it."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.domain.consent_texts import DEFAULT_TEXT
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.events.privacy import on_privacy_due
from chalicelib.events.registrations import on_registration_uploaded
from infra import verify
from infra.resources import load_template
from tests.api.conftest import Api
from tests.support.fakes import clip
from tests.support.world import CONSENT_IN


def enrolled(api: Api, name: str) -> tuple[str, str]:
    """A person on a roster, enrolled and seen in an open session: person and session."""
    course_id, camera = api.course_with_camera()
    person_id = api.created("/v1/people", {"name": name})["id"]
    api.call("PUT", f"/v1/people/{person_id}/consent", CONSENT_IN)
    api.call("PUT", f"/v1/courses/{course_id}/roster/{person_id}")
    registration = api.world.upload_registration(person_id, clip(name))
    on_registration_uploaded(api.world.event(*registration.keys), None)
    session_id = api.session(course_id)
    frame = api.post_picture(session_id, camera, name).json_body
    on_frame_uploaded(api.world.event(f"frames/{session_id}/{frame['id']}"), None)
    return person_id, session_id


def test_anybody_signed_in_is_told_what_is_kept_and_which_texts_there_are(api: Api) -> None:
    told = api.call("GET", "/v1/privacy").json_body
    assert told["biometrics"] == {"on": True, "erasing": False, "changed_at": None}
    assert told["consent_text_versions"] == [DEFAULT_TEXT.version]
    days = {kept["what"]: kept["days"] for kept in told["retention"]}
    assert (days["pictures of frames"], days["claims to faces"]) == (14, 400)


def test_the_retention_that_is_told_is_the_one_of_the_template() -> None:
    defaults = {name: each["Default"] for name, each in load_template()["Parameters"].items()}
    settings = wiring.settings()
    assert settings.frame_picture_days == defaults["FramePictureDays"]
    assert settings.registration_media_days == defaults["RegistrationMediaDays"]


def test_a_consent_text_is_added_read_and_never_replaced(api: Api) -> None:
    text = {"version": "2027-1", "language": "sv", "title": "Närvaro", "body": "…", "uses": ["matching"]}
    made = api.created("/v1/consent-texts", text)
    assert api.call("GET", "/v1/consent-texts/2027-1").json_body == made
    assert len(made["sha256"]) == 64
    assert [each["version"] for each in api.call("GET", "/v1/consent-texts").json_body["items"]] == [
        DEFAULT_TEXT.version,
        "2027-1",
    ]
    assert api.code(api.call("POST", "/v1/consent-texts", text)) == (409, "consent_text_exists")
    assert api.code(api.call("GET", "/v1/consent-texts/2027-2")) == (404, "consent_text_not_found")
    person_id = api.created("/v1/people", {"name": "Ada"})["id"]
    path = f"/v1/people/{person_id}/consent"
    given = api.call("PUT", path, {**CONSENT_IN, "text_version": "2027-1", "uses": ["matching"]}).json_body
    assert (given["text_sha256"], given["uses"]) == (made["sha256"], ["matching"])
    assert api.code(api.call("PUT", path, {**CONSENT_IN, "text_version": "2027-1"})) == (
        422,
        "uses_not_named",
    )


@pytest.mark.parametrize("field", ["uses", "signer", "method", "text_version"])
def test_nothing_about_a_consent_is_taken_for_granted(api: Api, field: str) -> None:
    person_id = api.created("/v1/people", {"name": "Ada"})["id"]
    body = {name: value for name, value in CONSENT_IN.items() if name != field}
    answer = api.call("PUT", f"/v1/people/{person_id}/consent", body)
    assert api.code(answer) == (400, "invalid_request")
    assert json.loads(answer.body)["errors"][0]["field"] == field


def test_an_erased_person_leaves_a_receipt_that_verifies(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person_id, session_id = enrolled(api, "Ada")
    erasure = api.call("DELETE", f"/v1/people/{person_id}").json_body
    assert (erasure["state"], erasure["receipt"]["document"]["erased"]["pictures"]) == ("erased", 1)
    assert api.code(api.call("GET", f"/v1/people/{person_id}")) == (404, "person_not_found")
    assert api.call("GET", f"/v1/sessions/{session_id}/attendance").json_body["items"] == []
    assert api.call("DELETE", f"/v1/people/{person_id}").json_body == erasure
    assert api.call("GET", f"/v1/people/{person_id}/erasure").json_body == erasure
    assert api.code(api.call("GET", f"/v1/people/per_{0:032x}/erasure")) == (404, "person_not_found")
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(erasure["receipt"]))
    capsys.readouterr()
    assert verify.main(["receipt", str(file)]) == 0
    assert capsys.readouterr().out == f"OK {person_id}\n"
    file.write_text(file.read_text().replace('"pictures": 1', '"pictures": 0'))
    assert verify.main(["receipt", str(file)]) == 1


def test_a_person_is_given_everything_that_is_held(api: Api) -> None:
    person_id, session_id = enrolled(api, "Ada")
    path = f"/v1/people/{person_id}/export"
    export = api.call("GET", path).json_body
    held = export["held"]
    assert held["person"]["name"] == "Ada"
    assert held["consents"][0]["signer"] == {"name": "a guardian", "relation": "guardian"}
    assert held["templates"][0]["occasions"][0]["embeddings"] == [base64.b64encode(b"Ada").decode()] * 2
    assert held["registrations"][0]["media"][0].startswith("https://")
    assert (held["attendance"][0]["status"], held["attendance"][0]["facts"]["session_id"]) == (
        "present",
        session_id,
    )
    assert held["attendance"][0]["history"]
    assert [seen["sighting"]["candidate"] for seen in export["sightings"]] == [person_id]
    assert export["next_cursor"] is None
    assert api.call("GET", f"{path}?cursor={session_id}").json_body["sightings"] == []


def test_an_export_is_paged_by_sessions(api: Api) -> None:
    course_id = api.world.add_course()
    person_id = api.world.add_person("Ada", course_id=course_id)
    api.world.enrol("Ada")
    for _ in range(7):
        session_id = api.world.open_session(course_id)
        from tests.support.fakes import picture

        on_frame_uploaded(api.world.event(api.world.post_frame(session_id, picture("Ada", "Ben")).key), None)
    seen: list[Any] = []
    cursor, pages = "", 0
    while cursor is not None:
        page = api.call("GET", f"/v1/people/{person_id}/export{cursor and f'?cursor={cursor}'}").json_body
        assert (page["held"] is None) == (pages > 0)
        seen += page["sightings"]
        cursor, pages = page["next_cursor"], pages + 1
    assert (len(seen), pages) == (7, 2)
    assert {each["sighting"]["candidate"] for each in seen} == {person_id}


def test_recognition_is_switched_off_and_on_by_an_admin(api: Api) -> None:
    person_id, session_id = enrolled(api, "Ada")
    off = api.call("PUT", "/v1/privacy/biometrics", {"on": False}).json_body
    assert (off["on"], off["erasing"]) == (False, True)
    assert api.code(api.post_picture(session_id, api.token, "Ada")) == (409, "biometrics_off")
    video = {"files": [{"content_type": "video/mp4", "length": 10}]}
    path = f"/v1/people/{person_id}/registrations"
    assert api.code(api.call("POST", path, video)) == (409, "biometrics_off")
    assert api.code(api.call("PUT", "/v1/privacy/biometrics", {"on": True})) == (409, "erasure_unfinished")
    on_privacy_due({}, None)
    assert [key for key in api.world.pictures() if not key.startswith("audit/")] == []
    assert api.call("PUT", "/v1/privacy/biometrics", {"on": True}).json_body["on"]


def test_every_change_and_every_export_is_in_the_audit_log_without_names(api: Api) -> None:
    person_id = api.created("/v1/people", {"name": "Ada"})["id"]
    api.call("GET", f"/v1/people/{person_id}")
    api.call("GET", f"/v1/people/{person_id}/export")
    api.call("DELETE", "/v1/people/Ada%20Lovelace")
    day = datetime.now(UTC).date().isoformat()
    acts = api.call("GET", f"/v1/audit?day={day}").json_body["items"]
    assert [(act["act"], act["ids"], act["status"], act["role"]) for act in acts] == [
        ("POST /v1/people", {"made": person_id}, 201, "admin"),
        ("GET /v1/people/{person_id}/export", {"person_id": person_id}, 200, "admin"),
        ("DELETE /v1/people/{person_id}", {"person_id": "not an id"}, 404, "admin"),
    ]
    assert "Ada" not in json.dumps(api.world.dump("audit"))
    page = api.call("GET", f"/v1/audit?day={day}&limit=2").json_body
    rest = api.call("GET", f"/v1/audit?day={day}&limit=2&cursor={page['next_cursor'].replace('#', '%23')}")
    assert [*page["items"], *rest.json_body["items"]] == acts
    assert api.code(api.call("GET", f"/v1/audit?day={day}&cursor=x")) == (400, "invalid_request")
    assert api.code(api.call("GET", "/v1/audit?day=2026-02-30")) == (400, "invalid_request")


def test_the_tick_seals_the_audit_log(api: Api) -> None:
    on_privacy_due({}, None)
    days = wiring.seals().days()
    assert days
    digest = api.call("GET", f"/v1/audit/digests/{days[-1]}").json_body
    assert digest["document"]["kind"] == "audit_digest"
    for day in ("1999-01-01", "tomorrow"):
        assert api.code(api.call("GET", f"/v1/audit/digests/{day}")) == (404, "digest_not_found")
