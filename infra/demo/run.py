"""Play a class through the public API: enrol, post frames, close the session, read the register."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.quality import Reason
from chalicelib.domain.sightings import Box, Decision, Sighting
from infra.demo.client import Client, until, upload
from infra.demo.judge import Played, SeenFrame, judge
from infra.demo.scenario import Scenario, SceneFrame

Say = Callable[[str], None]

CONSENT = {
    "text_version": "2026-1",
    "signer": {"name": "a guardian in the demo", "relation": "guardian"},
    "method": "electronic",
    "uses": ["matching", "evaluation", "normalisation"],
}
PATIENCE_SECONDS = 180


@dataclass
class Class:
    """The class as the API knows it. `name_by_id`: of the people enrolled."""

    course_id: str
    session_id: str = ""
    name_by_id: dict[str, str] = field(default_factory=dict)


def play(scenario: Scenario, admin: Client, seed: int, say: Say) -> Played:
    """The whole class, from an empty service to the closed register."""
    started = time.perf_counter()
    course = Class(
        admin.post("/v1/courses", {"name": "Demonstration", "time_zone": "Europe/Stockholm"})["id"]
    )
    registered = _register(scenario, admin, course, say)
    camera = _camera(admin, course)
    closes_at = datetime.now(UTC) + timedelta(hours=1)
    session = {"closes_at": closes_at.isoformat()}
    course.session_id = admin.post(f"/v1/courses/{course.course_id}/sessions", session)["id"]
    seen = tuple(_take_frames(scenario, camera, course, say))
    register = _close(admin, course, say)
    return judge(scenario, course.name_by_id, registered, seen, register, seed, time.perf_counter() - started)


def _register(scenario: Scenario, admin: Client, course: Class, say: Say) -> int:
    """Every student with consent, on the roster, with all registrations uploaded and read; how many were enrolled."""
    waiting = []
    for student in scenario.students:
        person_id = admin.post("/v1/people", {"name": student})["id"]
        course.name_by_id[person_id] = student
        admin.put(f"/v1/people/{person_id}/consent", CONSENT)
        admin.put(f"/v1/courses/{course.course_id}/roster/{person_id}")
        for media in scenario.registrations(student):
            files = [{"content_type": media.content_type, "length": len(media.data)}]
            registration = admin.post(f"/v1/people/{person_id}/registrations", {"files": files})
            upload(registration["uploads"][0], media.data)
            waiting.append((person_id, f"/v1/people/{person_id}/registrations/{registration['id']}"))
    enrolled = set()
    for person_id, path in waiting:
        read = until(
            lambda path=path: admin.get(path),  # type: ignore[misc]
            lambda answer: answer["state"] not in ("awaiting_upload", "pending"),
            PATIENCE_SECONDS,
            "Reading a registration",
        )
        say(f"  {course.name_by_id[person_id]}: {read['state']}. {read['outcome']['explanation']}")
        if read["state"] == "enrolled":
            enrolled.add(person_id)
    return len(enrolled)


def _camera(admin: Client, course: Class) -> Client:
    """A camera of its own: frames are posted with its token and not with the admin's."""
    camera = admin.post("/v1/cameras", {"name": "Room 1", "course_ids": [course.course_id]})
    return Client(admin.url, camera["token"])


def _take_frames(scenario: Scenario, camera: Client, course: Class, say: Say) -> Iterator[SeenFrame]:
    """Every other frame is posted, the others are uploaded by ticket."""
    for number, scene in enumerate(scenario.frames(), start=1):
        started = time.perf_counter()
        frame_id = _send(scene, camera, course, by_ticket=number % 2 == 0)
        answer = until(
            lambda frame_id=frame_id: camera.get(f"/v1/frames/{frame_id}?wait=5"),  # type: ignore[misc]
            lambda frame: frame["state"] != "pending",
            PATIENCE_SECONDS,
            "A frame",
        )
        milliseconds = (time.perf_counter() - started) * 1000
        sightings = tuple(_sighting(item) for item in answer["sightings"])
        accepted = sum(sighting.decision is Decision.ACCEPTED for sighting in sightings)
        say(f"  frame {number}: {len(sightings)} of {len(scene.placed)} faces, {accepted} accepted")
        yield SeenFrame(scene, sightings, milliseconds)


def _send(scene: SceneFrame, camera: Client, course: Class, *, by_ticket: bool) -> str:
    path = f"/v1/sessions/{course.session_id}"
    if not by_ticket:
        posted: str = camera.post_picture(f"{path}/frames", scene.jpeg)["id"]
        return posted
    frame = camera.post(f"{path}/frame-uploads", {"content_type": "image/jpeg", "length": len(scene.jpeg)})
    upload(frame["upload"], scene.jpeg)
    minted: str = frame["id"]
    return minted


def _close(admin: Client, course: Class, say: Say) -> tuple[dict[str, Any], ...]:
    path = f"/v1/sessions/{course.session_id}"
    state = admin.post(f"{path}/close")["state"]
    say(f"  session {state}")
    until(lambda: admin.get(path), lambda session: session["state"] == "closed", PATIENCE_SECONDS, "Closing")
    return tuple(admin.get(f"{path}/attendance")["items"])


def _sighting(item: dict[str, Any]) -> Sighting:
    read = {
        "box": Box(**item["box"]),
        "decision": Decision(item["decision"]),
        "reasons": tuple(Reason(reason["code"]) for reason in item["reasons"]),
    }
    return Sighting(**{**item, **read})
