"""Play a class through the public API: enrol, post frames, close the session, read the register."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.domain.sightings import Box, Decision, Sighting
from infra.demo.client import Client, until, upload
from infra.demo.scenario import Scenario, SceneFrame
from infra.demo.scenes import same_place

Say = Callable[[str], None]

CONSENT = {"text_version": "demo-1", "signed_by": "a guardian in the demo"}
PATIENCE_SECONDS = 180


@dataclass(frozen=True)
class SeenFrame:
    """A frame with what the API said of it, and how long it took from the post to the answer."""

    scene: SceneFrame
    sightings: tuple[Sighting, ...]
    milliseconds: float


@dataclass
class Class:
    """The class as the API knows it. `name_by_id`: of the people enrolled."""

    course_id: str
    session_id: str = ""
    name_by_id: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """What the demo counts; written to build/demo.json."""

    seed: int
    students: int
    registered: int
    present: int
    wrong: int
    strangers_seen: int
    strangers_accepted: int
    frames: int
    faces: int
    faces_found: int
    frame_ms_p50: float
    frame_ms_p95: float
    wall_seconds: float


@dataclass(frozen=True)
class Played:
    """All that came of the demo. `register`: the attendance items as the API lists them."""

    figures: Figures
    register: tuple[dict[str, Any], ...]
    seen: tuple[SeenFrame, ...]
    name_by_id: dict[str, str]
    missed: tuple[str, ...]


def play(scenario: Scenario, admin: Client, seed: int, say: Say) -> Played:
    """The whole class, from an empty service to the closed register."""
    started = time.perf_counter()
    course = Class(
        admin.post("/v1/courses", {"name": "Demonstration", "time_zone": "Europe/Stockholm"})["id"]
    )
    registered = _register(scenario, admin, course, say)
    camera = _camera(admin, course)
    closes_at = datetime.now(UTC) + timedelta(hours=1)
    session = {"course_id": course.course_id, "closes_at": closes_at.isoformat()}
    course.session_id = admin.post("/v1/sessions", session)["id"]
    seen = tuple(_take_frames(scenario, camera, course, say))
    register = _close(admin, course, say)
    return _counted(scenario, course, registered, seen, register, seed, time.perf_counter() - started)


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
            lambda answer: answer["state"] != "awaiting_upload",
            PATIENCE_SECONDS,
            "Reading a registration",
        )
        say(f"  {course.name_by_id[person_id]}: {read['state']}. {read['explanation']}")
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
    return Sighting(**{**item, "box": Box(**item["box"]), "decision": Decision(item["decision"])})


def _counted(
    scenario: Scenario,
    course: Class,
    registered: int,
    seen: tuple[SeenFrame, ...],
    register: tuple[dict[str, Any], ...],
    seed: int,
    wall_seconds: float,
) -> Played:
    verdicts = [verdict for frame in seen for verdict in judged(frame, course.name_by_id)]
    strangers = set(scenario.strangers)
    shown = {name for frame in seen for name in frame.scene.people}
    present = {course.name_by_id[item["person_id"]] for item in register if item["status"] == "present"}
    milliseconds = [frame.milliseconds for frame in seen]
    wrong = sum(
        v.accepted_as is not None and v.shows not in strangers and v.accepted_as != v.shows for v in verdicts
    )
    figures = Figures(
        seed=seed,
        students=len(scenario.students),
        registered=registered,
        present=len(present),
        wrong=wrong + len(present - shown),
        strangers_seen=len({v.shows for v in verdicts if v.shows in strangers and v.found}),
        strangers_accepted=sum(v.accepted_as is not None for v in verdicts if v.shows in strangers),
        frames=len(seen),
        faces=sum(len(frame.scene.placed) for frame in seen),
        faces_found=sum(v.found for v in verdicts if v.shows is not None),
        frame_ms_p50=round(statistics.median(milliseconds), 1),
        frame_ms_p95=round(statistics.quantiles(milliseconds, n=20, method="inclusive")[-1], 1),
        wall_seconds=round(wall_seconds, 1),
    )
    missed = tuple(sorted((shown - strangers) - present))
    return Played(figures, register, seen, course.name_by_id, missed)


@dataclass(frozen=True)
class Verdict:
    """One face: whom it shows (None: nobody was placed there), whether it was found, whom it was accepted as."""

    shows: str | None
    found: bool
    accepted_as: str | None


def judged(frame: SeenFrame, name_by_id: dict[str, str]) -> Iterator[Verdict]:
    """Every placed face, and every sighting where nobody was placed."""
    rest = list(frame.sightings)
    for placed in frame.scene.placed:
        sighting = next((each for each in rest if same_place(each.box, placed.box)), None)
        if sighting is not None:
            rest.remove(sighting)
        yield Verdict(frame.scene.people[placed.index], sighting is not None, _accepted(sighting, name_by_id))
    for sighting in rest:
        yield Verdict(None, found=True, accepted_as=_accepted(sighting, name_by_id))


def _accepted(sighting: Sighting | None, name_by_id: dict[str, str]) -> str | None:
    if sighting is None or sighting.decision is not Decision.ACCEPTED or sighting.candidate is None:
        return None
    return name_by_id[sighting.candidate]


def faults(figures: Figures, *, may_miss: int) -> list[str]:
    """What went wrong, in words; nothing if the demo did what it promises."""
    found = [
        (
            figures.registered < figures.students,
            f"{figures.students - figures.registered} could not register",
        ),
        (
            figures.present < figures.students - may_miss,
            f"only {figures.present} of {figures.students} present",
        ),
        (figures.wrong > 0, f"{figures.wrong} accepted as somebody else"),
        (figures.strangers_accepted > 0, f"{figures.strangers_accepted} strangers accepted"),
    ]
    return [words for wrong, words in found if wrong]


def as_json(figures: Figures) -> dict[str, Any]:
    return asdict(figures)


def picture_to_save(played: Played) -> tuple[bytes, tuple[Sighting, ...]]:
    """The frame in which most was seen, with a stranger in it if there is one: unknown stays unknown."""

    def worth(frame: SeenFrame) -> tuple[bool, int]:
        unknown = any(sighting.decision is Decision.UNKNOWN for sighting in frame.sightings)
        return unknown, len(frame.sightings)

    best = max(played.seen, key=worth)
    return best.scene.jpeg, best.sightings


def table(played: Played) -> Iterator[str]:
    """The register: name, id, status, first seen, similarity."""
    yield f"{'name':22} {'id':37} {'status':8} {'first seen':20} similarity"
    for item in played.register:
        evidence = item["evidence"]
        similarity = "" if evidence is None else f"{evidence['similarity']:.4f}"
        first_seen = (item["first_seen"] or "")[:19].replace("T", " ")
        yield f"{item['name'][:22]:22} {item['person_id']:37} {item['status']:8} {first_seen:20} {similarity}"


def save(played: Played, folder: Path) -> Path:
    """The annotated frame."""
    from chalicelib.vision.drawing import annotate

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "demo-frame.jpg"
    jpeg, sightings = picture_to_save(played)
    path.write_bytes(annotate(jpeg, sightings, played.name_by_id))
    return path
