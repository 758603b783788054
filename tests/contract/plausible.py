"""Bodies that a client would send: what is drawn from a schema alone seldom names a course that exists."""

from typing import Any

from tests.support.estate import Estate

CONSENT = {
    "text_version": "2026-1",
    "signer": {"name": "a guardian", "relation": "guardian"},
    "method": "paper",
    "uses": ["matching"],
}
SLOT = {"weekday": 1, "starts": "09:00", "ends": "10:00"}


def plausible_body(route: str, ours: Estate, number: int) -> Any:
    """None where what is drawn will do. `number` keeps apart what may exist only once."""
    person_id, course_id = ours.ids["person_id"], ours.ids["course_id"]
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
        "POST /v1/consent-texts": {
            "version": f"{course_id[-8:]}-{number}",
            "language": "en",
            "title": "Consent",
            "body": "What it is for.",
            "uses": ["matching"],
        },
    }.get(route)
