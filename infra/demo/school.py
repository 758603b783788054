"""The school that the demo plays in: a course with an instructor and a camera, people who register and who sign in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.access import Role
from infra.demo.client import Client, until, upload
from infra.demo.scenario import Upload
from infra.demo.service import Service

PATIENCE_SECONDS = 180
INSTRUCTOR = "Ingrid Strand"


@dataclass
class School:
    """`name_by_id`: of everybody on the roster, as the scenario names them. `instructor`: signed in with an account."""

    service: Service
    course_id: str
    instructor: Client
    camera: Client
    name_by_id: dict[str, str] = field(default_factory=dict)

    @property
    def admin(self) -> Client:
        return self.service.admin

    def id_of(self, name: str) -> str:
        return next(person_id for person_id, known in self.name_by_id.items() if known == name)

    def add(self, name: str) -> str:
        """A student with an id in another system and a guardian's consent, on the roster; the person's id."""
        person = {"name": name, "external_ids": {"moodle": external_id_of(name)}}
        person_id: str = self.admin.post("/v1/people", person)["id"]
        self.admin.put(f"/v1/people/{person_id}/consent", consent_for(name))
        self.admin.put(f"/v1/courses/{self.course_id}/roster/{person_id}")
        self.name_by_id[person_id] = name
        return person_id

    def open_session(self, confirmation: str = "auto") -> str:
        """By the instructor; it lasts for an hour."""
        closes_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        session = {"closes_at": closes_at, "confirmation": confirmation}
        opened: str = self.instructor.post(f"/v1/courses/{self.course_id}/sessions", session)["id"]
        return opened

    def register_of(self, session_id: str) -> tuple[dict[str, Any], ...]:
        """As the instructor sees it."""
        return tuple(self.instructor.get(f"/v1/sessions/{session_id}/attendance")["items"])

    def sign_in(self, name: str) -> Client:
        """As a student, with an account of one's own."""
        return signed_in(self.service, self.id_of(name), name, Role.STUDENT)


def found_school(service: Service) -> School:
    """An empty course. The admin's token does only what is an admin's to do."""
    admin = service.admin
    course = {"name": "Demonstration", "time_zone": "Europe/Stockholm"}
    course_id = admin.post("/v1/courses", course)["id"]
    instructor_id = admin.post("/v1/people", {"name": INSTRUCTOR})["id"]
    admin.put(f"/v1/courses/{course_id}/instructors/{instructor_id}")
    camera = admin.post("/v1/cameras", {"name": "Room 1", "course_ids": [course_id]})
    return School(
        service,
        course_id,
        signed_in(service, instructor_id, INSTRUCTOR, Role.INSTRUCTOR),
        Client(admin.url, camera["token"]),
    )


def signed_in(service: Service, person_id: str, name: str, role: Role) -> Client:
    """The school's identity provider makes an account, an admin links it to the person, who signs in."""
    email = f"{name.replace(' ', '.').lower()}@school.example"
    subject, password = service.users.add(email)
    service.admin.post(f"/v1/people/{person_id}/identities", {"subject": subject, "role": role.value})
    return Client(service.admin.url, service.users.sign_in(email, password)["IdToken"])


def consent_for(name: str) -> dict[str, Any]:
    return {
        "text_version": "2026-2",
        "signer": {"name": guardian_of(name), "relation": "guardian"},
        "method": "electronic",
        "uses": ["matching", "evaluation", "normalisation"],
    }


def guardian_of(name: str) -> str:
    return f"the guardian of {name}"


def external_id_of(name: str) -> str:
    return f"student-{name.replace(' ', '-').lower()}"


def start_registrations(client: Client, person_id: str, uploads: Sequence[Upload]) -> list[str]:
    """Each uploaded; the paths at which it is told what became of them."""
    path = f"/v1/people/{person_id}/registrations"
    started = []
    for media in uploads:
        files = [{"content_type": media.content_type, "length": len(media.data)}]
        registration = client.post(path, {"files": files})
        upload(registration["uploads"][0], media.data)
        started.append(f"{path}/{registration['id']}")
    return started


def what_became_of(client: Client, path: str) -> dict[str, Any]:
    """The registration, once it is read."""
    read: dict[str, Any] = until(
        lambda: client.get(path),
        lambda answer: answer["state"] not in ("awaiting_upload", "pending"),
        PATIENCE_SECONDS,
        "Reading a registration",
    )
    return read
