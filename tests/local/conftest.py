"""A tiny app behind the local gateway: what the gateway does shows without Rollcall's own code."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from chalice.app import AuthRequest, AuthResponse, Chalice, Response

from infra.local.functions import Functions
from infra.local.gateway import MAX_BODY_BYTES, Gateway
from infra.local.isolation import request_per_thread
from infra.local.ports import listen
from infra.local.responses import GatewayResponses
from infra.local.server import LoopbackServer
from infra.resources import GATEWAY, load_template

JPEG = b"\xff\xd8\xff\xe0 not a text \x00\xff"


@dataclass
class Tiny:
    """An app and what its handlers saw."""

    app: Chalice
    asked: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def tiny() -> Tiny:
    app = Chalice("tiny", configure_logs=False, env={})
    made = Tiny(app)

    @app.authorizer(ttl_seconds=60)
    def authorize(request: AuthRequest) -> Any:
        made.asked.append(request.token)
        if request.token == "Bearer broken":
            raise RuntimeError("the table is on fire")
        if request.token == "Bearer refused":
            raise RuntimeError("Unauthorized")
        if request.token == "Bearer nonsense":
            return {"principalId": "p"}
        if request.token == "Bearer nested":
            return {**AuthResponse(["*"], "p").to_dict(request), "context": {"roles": ["admin"]}}
        known = request.token == "Bearer good"
        if not known:
            return AuthResponse([], "p-1", {"code": "invalid_token", "detail": "Nobody holds it."})
        return AuthResponse(["*"], "p-1", {"role": "admin", "level": 3, "root": True})

    @app.route("/hello")
    def hello() -> dict[str, str]:
        return {"hello": "world"}

    @app.route("/who", authorizer=authorize)
    def who() -> Any:
        return app.current_request.context["authorizer"]

    @app.route("/who/{person}/again", authorizer=authorize)
    def who_again(person: str) -> dict[str, str]:
        return {"person": person}

    @app.route(
        "/echo", methods=["POST", "PUT"], content_types=["application/json", "image/jpeg", "text/plain"]
    )
    def echo() -> dict[str, int]:
        made.events.append(app.current_request.to_original_event())
        return {"bytes": len(app.current_request.raw_body)}

    @app.route("/things/{thing}")
    def thing(thing: str) -> dict[str, str]:
        made.events.append(app.current_request.to_original_event())
        return {"thing": thing}

    @app.route("/things/first")
    def first_thing() -> dict[str, str]:
        return {"thing": "the first"}

    @app.route("/picture")
    def picture() -> Response:
        return Response(JPEG, {"Content-Type": "image/jpeg"})

    @app.route("/made", methods=["GET", "HEAD"])
    def made_to_order() -> Response:
        headers = {"X-One": "1", "X-Many": ["a", "b"], "Date": "never", "Content-Type": "text/plain"}
        return Response("made", headers, status_code=201)

    @app.route("/nothing", methods=["DELETE"])
    def nothing() -> Response:
        return Response("", status_code=204)

    @app.route("/huge")
    def huge() -> str:
        return "x" * (6 * 1024 * 1024)

    @app.route("/status/{status}")
    def status(status: str) -> Response:
        return Response("", status_code=int(status))

    @app.route("/late/{key}")
    def late(key: str) -> dict[str, Any]:
        made.asked.append(key)
        before = app.current_request.uri_params
        made.release.wait(10)
        return {
            "before": before,
            "after": app.current_request.uri_params,
            "id": app.lambda_context.aws_request_id,
        }

    return made


@dataclass
class Site:
    """A served app."""

    server: LoopbackServer

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


Serve = Callable[..., Any]


@pytest.fixture
def serve(tiny: Tiny) -> Serve:
    @contextmanager
    def run(timeout_seconds: float = 29.0) -> Iterator[Site]:
        with ExitStack() as undo:
            undo.callback(tiny.release.set)  # whoever still waits may end
            undo.enter_context(request_per_thread(tiny.app))
            gateway = Gateway(
                Functions(tiny.app), GatewayResponses(load_template(GATEWAY)), timeout_seconds=timeout_seconds
            )
            server = LoopbackServer(listen(0, "--port"))
            server.serve(gateway, max_body_bytes=MAX_BODY_BYTES)
            undo.callback(server.stop)
            yield Site(server)

    return run


@pytest.fixture
def site(serve: Serve) -> Iterator[Site]:
    with serve() as served:
        yield served


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., None]:
    return eventually
