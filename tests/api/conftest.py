import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

import app as rollcall
from chalicelib import wiring
from chalicelib.services.issue_token import issue_admin_token
from tests.support.fakes import picture
from tests.support.world import World, new_world


@dataclass
class Api:
    """The whole API, authorizer included, as a client with a token sees it."""

    world: World
    client: Client
    token: str

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        content_type: str = "application/json",
        **headers: str,
    ) -> HTTPResponse:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {token or self.token}", "Content-Type": content_type, **headers}
        return self.client.http.request(method, path, headers=sent, body=raw)

    def created(self, path: str, body: Any) -> dict[str, Any]:
        answer = self.call("POST", path, body)
        assert answer.status_code == 201, answer.body
        return answer.json_body

    def post_picture(self, session_id: str, token: str, *faces: str) -> HTTPResponse:
        path = f"/v1/sessions/{session_id}/frames"
        return self.call("POST", path, picture(*faces), token=token, content_type="image/png")

    def code(self, answer: HTTPResponse) -> tuple[int, str]:
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = json.loads(answer.body)
        assert problem["status"] == answer.status_code
        assert problem["type"] == f"urn:rollcall:problem:{problem['code']}"
        return answer.status_code, problem["code"]

    def course_with_camera(self) -> tuple[str, str]:
        """A course, and the token of a camera for it."""
        course_id = self.created("/v1/courses", {"name": "Maths", "time_zone": "Europe/Stockholm"})["id"]
        camera = self.created("/v1/cameras", {"name": "Room 1", "course_ids": [course_id]})
        return course_id, camera["token"]

    def session(self, course_id: str) -> str:
        session = {"closes_at": "2199-01-01T10:00:00Z", "opens_at": "2199-01-01T09:00:00Z"}
        session_id: str = self.created(f"/v1/courses/{course_id}/sessions", session)["id"]
        assert self.call("POST", f"/v1/sessions/{session_id}/open").status_code == 200
        return session_id


@pytest.fixture
def api() -> Iterator[Api]:
    with new_world() as world, Client(rollcall.app) as client:
        yield Api(world, client, issue_admin_token(access=wiring.access()))
