"""Export everything that is held of a person, for that person to read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.access import Identity
from chalicelib.domain.attendance import AttendanceRecord
from chalicelib.domain.claims import Claim
from chalicelib.domain.history import Change
from chalicelib.domain.people import Consent, Person
from chalicelib.domain.registrations import Registration
from chalicelib.domain.sightings import Sighting
from chalicelib.domain.templates import Template
from chalicelib.services.ports import (
    Access,
    Attendance,
    Claims,
    Courses,
    Frames,
    Media,
    People,
    Registrations,
    Sessions,
    Templates,
)

PAGE_ITEMS = 100
SESSIONS_A_PAGE = 5


@dataclass(frozen=True)
class Seen:
    """One sighting of which the person is the candidate, with nothing of others in the frame."""

    frame_id: str
    session_id: str
    model_id: str
    received_at: datetime
    sighting: Sighting


@dataclass(frozen=True)
class Held:
    """What is held but for sightings and claims. Of other people it tells no more than how many are look-alikes.

    `registrations`: each with links to its media that are still there. `candidates`: templates that are in no gallery
    yet, as their registrations are being searched or await a review.
    """

    person: Person
    consents: tuple[Consent, ...]
    identities: tuple[Identity, ...]
    takes: tuple[str, ...]
    left: tuple[str, ...]
    teaches: tuple[str, ...]
    registrations: tuple[tuple[Registration, tuple[str, ...]], ...]
    templates: tuple[Template, ...]
    candidates: tuple[Template, ...]
    attendance: tuple[tuple[AttendanceRecord, tuple[Change, ...]], ...]


@dataclass(frozen=True)
class Sources:
    """Where everything is read."""

    people: People
    access: Access
    courses: Courses
    sessions: Sessions
    frames: Frames
    claims: Claims
    attendance: Attendance
    registrations: Registrations
    templates: Templates
    media: Media


def export_person(person_id: str, *, sources: Sources) -> Held:
    """Raises PersonNotFound."""
    person = sources.people.get(person_id)
    media = sources.media.keys(f"registrations/{person_id}/")
    registrations = sources.registrations.of_person(person_id)
    return Held(
        person=person,
        consents=sources.people.consents(person_id),
        identities=sources.access.identities_of(person_id),
        takes=sources.courses.courses_of(person_id),
        left=sources.people.courses_left(person_id),
        teaches=sources.courses.taught_by(person_id),
        registrations=tuple(
            (each, tuple(sources.media.link(key) for key in each.keys if key in media))
            for each in registrations
        ),
        templates=sources.templates.of_person(person_id),
        candidates=tuple(
            candidate
            for each in registrations
            if (candidate := sources.templates.candidate(each)) is not None
        ),
        attendance=tuple(
            (record, sources.attendance.history(record.session_id, person_id))
            for record in _records(person_id, sources.attendance)
        ),
    )


@dataclass(frozen=True)
class OfSessions:
    """What some sessions hold. `cursor`, of the next ones: the id of the last session that was looked through."""

    seen: tuple[Seen, ...]
    claims: tuple[Claim, ...]
    cursor: str | None


def export_sessions(person_id: str, cursor: str | None, *, sources: Sources) -> OfSessions:
    """Sightings and claims, of some sessions at a time."""
    everything = sorted(_session_ids(person_id, sources))
    ahead = [session_id for session_id in everything if cursor is None or session_id > cursor]
    page = ahead[:SESSIONS_A_PAGE]
    seen = tuple(seen for session_id in page for seen in _seen(person_id, session_id, sources.frames))
    claims = tuple(claim for session_id in page for claim in sources.claims.of_person(person_id, session_id))
    return OfSessions(seen, claims, page[-1] if len(ahead) > len(page) else None)


def _records(person_id: str, attendance: Attendance) -> Iterator[AttendanceRecord]:
    cursor = None
    while True:
        page = attendance.of_person(person_id, PAGE_ITEMS, cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _session_ids(person_id: str, sources: Sources) -> set[str]:
    courses = {*sources.courses.courses_of(person_id), *sources.people.courses_left(person_id)}
    found = {record.session_id for record in _records(person_id, sources.attendance)}
    for course_id in courses:
        cursor = None
        while True:
            page = sources.sessions.of_course(course_id, PAGE_ITEMS, cursor)
            found.update(session.session_id for session in page.items)
            cursor = page.cursor
            if cursor is None:
                break
    return found


def _seen(person_id: str, session_id: str, frames: Frames) -> Iterator[Seen]:
    for frame_id in frames.naming(person_id, session_id):
        result = frames.get(frame_id).result
        for sighting in () if result is None else result.sightings:
            if result is not None and sighting.candidate == person_id:
                yield Seen(frame_id, session_id, result.model_id, result.received_at, sighting)
