"""A school on moto whose courses are written straight into the tables, at the sizes that a deployment would have."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from chalice.test import Client

import app as rollcall
from chalicelib import wiring
from chalicelib.adapters.dynamo.records import (
    MEMBERSHIP,
    ConsentRecord,
    MembershipRecord,
    PersonRecord,
    RosterRecord,
    TemplateRecord,
)
from chalicelib.adapters.dynamo.templates import _record
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.people import Use
from chalicelib.domain.templates import Occasion, Template
from chalicelib.services.issue_token import issue_admin_token
from chalicelib.services.verify_token import verify_token
from tests.support.units import Count, counted, uncounted
from tests.support.world import World, new_world

VIEWS, EMBEDDING_BYTES = 5, 512  # the most that an occasion keeps; 128 float32, as of the default pack
MODEL = "fake-1"


@dataclass(frozen=True)
class Class:
    course_id: str
    people: tuple[str, ...]
    faces: tuple[str, ...]
    teacher: str
    """The token of who teaches it."""
    camera: str
    """The token of its camera."""


@dataclass
class School:
    world: World
    client: Client
    admin: str
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def call(
        self, token: str, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> Any:
        """The answer's body; raises RuntimeError for anything but success."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
        answer = self.client.http.request(method, f"/v1/{path}", headers=headers, body=raw)
        if answer.status_code >= 300:
            raise RuntimeError(f"{method} {path}: {answer.body!r}")
        return answer.json_body if answer.body else None

    def count(self, act: Callable[[], Any]) -> Count:
        """What the act asks for, without the authorizer: the gateway remembers its answer for a minute."""
        with counted() as count:

            def verified(*args: Any, **kwargs: Any) -> Caller:
                with uncounted(count):
                    return verify_token(*args, **kwargs)

            with mock.patch("chalicelib.api.auth.verify_token", verified):
                act()
        return count

    def token_of(self, person_id: str, role: Role) -> str:
        token = f"rollcall_{next(self._numbers):040}"
        wiring.access().add_token(token, Caller(person_id, role), self.world.now, None)
        return token

    def new_class(self, size: int, *, enrolled: bool = True) -> Class:
        course_id = self.world.add_course("Mathematics")
        people = self.add_people(size, course_id, enrolled=enrolled)
        RosterRecord(course_id, people=set(people) or None, revision=1).save()
        teacher_id = self.world.add_person("Somebody who teaches", consent=False)
        wiring.courses().add_instructor(course_id, teacher_id)
        camera = self.call(self.admin, "POST", "cameras", {"name": "Room 1", "course_ids": [course_id]})
        return Class(
            course_id,
            tuple(people),
            tuple(map(face_of, people)),
            self.token_of(teacher_id, Role.INSTRUCTOR),
            camera["token"],
        )

    def add_people(self, size: int, course_id: str | None = None, *, enrolled: bool = True) -> list[str]:
        people = [f"per_{next(self._numbers):032x}" for _ in range(size)]
        for write in (self._persons, self._consents):
            write(people)
        if course_id is not None:
            with MembershipRecord.batch_write() as batch:
                for person_id in people:
                    batch.save(MembershipRecord(person_id, MEMBERSHIP + course_id))
        if enrolled:
            with TemplateRecord.batch_write() as batch:
                for person_id in people:
                    batch.save(_record(template_of(person_id)))
        return people

    def _persons(self, people: list[str]) -> None:
        with PersonRecord.batch_write() as batch:
            for place, person_id in enumerate(people):
                batch.save(
                    PersonRecord(
                        person_id,
                        created_at=self.world.now,
                        name=f"Somebody Somewhere {place:04}",
                        revision=3,
                        course_count=1,
                        model_ids={MODEL},
                        external_ids={"sis": f"{place:08}"},
                    )
                )

    def _consents(self, people: list[str]) -> None:
        with ConsentRecord.batch_write() as batch:
            for person_id in people:
                batch.save(
                    ConsentRecord(
                        person_id,
                        text_version="2026-2",
                        text_sha256="0" * 64,
                        signed_by="Somebody Somewhere",
                        relation="guardian",
                        method="electronic",
                        uses={use.value for use in Use},
                        given_at=self.world.now,
                    )
                )

    def open_session(self, of: Class) -> str:
        return self.world.open_session(of.course_id, hours=3)


def face_of(person_id: str) -> str:
    return person_id.ljust(EMBEDDING_BYTES, ".")


def template_of(person_id: str) -> Template:
    views = (face_of(person_id).encode(),) * VIEWS
    return Template(person_id, MODEL, (Occasion(f"reg_{0:032x}", views),))


@contextmanager
def new_school() -> Iterator[School]:
    """All 16 shards of templates; the clock stands at this hour, so that nothing falls into two of them."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=1)
    with (
        new_world() as world,
        mock.patch("chalicelib.adapters.dynamo.templates.SHARDS", 16),
        Client(rollcall.app) as client,
    ):
        world.now = hour
        yield School(world, client, issue_admin_token(access=wiring.access()))
