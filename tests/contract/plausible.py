"""Bodies that a client would send: what is drawn from a schema alone seldom names a course that exists."""

from typing import Any

from chalicelib import wiring
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import SessionNotOpen
from chalicelib.services.issue_code import issue_code
from tests.support.estate import Estate

CONSENT = {
    "text_version": "2026-2",
    "signer": {"name": "a guardian", "relation": "guardian"},
    "method": "paper",
    "uses": ["matching"],
}
SLOT = {"weekday": 1, "starts": "09:00", "ends": "10:00"}


def plausible_body(route: str, ours: Estate, number: int) -> Any:
    """None where what is drawn will do. `number` keeps apart what may exist only once."""
    person_id, course_id = ours.ids["person_id"], ours.ids["course_id"]
    if route == "POST /v1/sessions/{session_id}/check-ins":
        return {"code": _shown_in_class(ours.ids["session_id"])}
    hour = {"opens_at": "2199-01-01T09:00:00Z", "closes_at": "2199-01-01T10:00:00Z"}
    return {
        "POST /v1/people": {"name": "Ada"},
        "POST /v1/courses": {"name": "Maths", "time_zone": "Asia/Kathmandu"},
        "PATCH /v1/courses/{course_id}": {"grace_minutes": 5},
        "POST /v1/cameras": {"name": "Room 1", "course_ids": [course_id]},
        "POST /v1/courses/{course_id}/sessions": hour,
        "PUT /v1/courses/{course_id}/timetable": {
            "slots": [SLOT],
            "first_date": "2198-01-01",
            "last_date": "2199-01-01",
        },
        "PUT /v1/people/{person_id}/consent": CONSENT,
        "POST /v1/people/{person_id}/identities": {"subject": f"{person_id}-{number}", "role": "student"},
        "POST /v1/people/{person_id}/registrations": {"files": [{"content_type": "video/mp4", "length": 9}]},
        "POST /v1/sessions/{session_id}/frame-uploads": {"content_type": "image/png", "length": 9},
        "POST /v1/sessions/{session_id}/confirmations": {"person_ids": [person_id]},
        "POST /v1/sessions/{session_id}/rejections": {"person_ids": [person_id]},
        "PUT /v1/sessions/{session_id}/attendance/{person_id}": {"status": "late"},
        "POST /v1/frames/{frame_id}/claims": {"person_id": person_id, "face": 0},
        "POST /v1/people/{person_id}/registrations/{registration_id}/decision": {"decision": "two_people"},
        "POST /v1/consent-texts": {
            "version": f"{course_id[-8:]}-{number}",
            "language": "en",
            "title": "Consent",
            "body": "What it is for.",
            "uses": ["matching"],
        },
    }.get(route)


def _shown_in_class(session_id: str) -> str:
    """A code is good for minutes only. Where none can be issued any more, one that was not."""
    try:
        _, digits = issue_code(
            session_id, by="per_teacher", sessions=wiring.sessions(), codes=wiring.codes(), clock=utc_now
        )
    except SessionNotOpen:
        return "000000"
    return digits
