"""Routes: a Blueprint whose views are declared by their signature, admit whom the permission table says, and may raise.

A view takes `request`, the ids of its path, and optionally `body` and `query`, which are parsed as their annotations
say; what it answers is its return annotation. So one signature makes the parsing, the answer and the OpenAPI document.
"""

import functools
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import NoneType
from typing import Any, Generic, TypeVar

from chalice.app import Blueprint, Request, Response
from pydantic import BaseModel

from chalicelib import wiring
from chalicelib.api.auth import authorize, caller_of
from chalicelib.api.errors import answer
from chalicelib.api.permissions import PERMISSIONS, PUBLIC, Rule
from chalicelib.api.requests import ApiRequest
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import Forbidden, NotFound, RollcallError
from chalicelib.services.authorise import authorise
from chalicelib.services.record_act import record_act

Out = TypeVar("Out", bound=BaseModel | None)
View = TypeVar("View", bound=Callable[..., Any])

JSON = "application/json"
# Beside everything that changes something: reading what is biometric, or many people's records at once.
AUDITED_READS = frozenset({"GET /v1/people/{person_id}/export", "GET /v1/sessions/{session_id}/attendance"})
MAX_ID_LENGTH = 64


@dataclass(frozen=True)
class Answer(Generic[Out]):
    """A body with headers beside it. `etag`: the revision that an If-Match must name."""

    body: Out
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: int | None = None


@dataclass(frozen=True)
class Operation:
    """One route as it is declared; the OpenAPI document is made of these."""

    method: str
    path: str
    name: str
    description: str
    rule: Rule
    status: int
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    out: type[BaseModel] | None
    takes: Sequence[str]
    also: Sequence[str]
    errors: Sequence[type[RollcallError]]
    edits: bool
    tag: str

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"


# Gathered as routes are declared.
operations: dict[str, Operation] = {}


class Routes(Blueprint):
    """Denies by default: a route that the permission table lacks cannot be declared."""

    def __init__(self, import_name: str) -> None:
        super().__init__(import_name)
        self._tag = import_name.rpartition(".")[2].replace("_", " ")

    def route(  # type: ignore[override]  # declared by signature
        self,
        method: str,
        path: str,
        *,
        status: int = HTTPStatus.OK,
        takes: Sequence[str] = (JSON,),
        also: Sequence[str] = (),
        errors: Sequence[type[RollcallError]] = (),
        edits: bool = False,
    ) -> Callable[[View], View]:
        """`takes`: content types of the request; `also`: what may be answered beside JSON, as a Response of its own.

        `errors`: domain errors that it may answer beside those of every route. `edits`: it honours If-Match.
        """
        rule = PERMISSIONS[f"{method} {path}"]
        register = super().route(
            path,
            methods=[method],
            content_types=list(takes),
            authorizer=None if rule == PUBLIC else authorize,
        )

        def declare(view: View) -> View:
            hints = typing.get_type_hints(view)
            operation = Operation(
                method=method,
                path=path,
                name=view.__name__,
                description=(view.__doc__ or "").strip(),
                rule=rule,
                status=int(status),
                body=hints.get("body"),
                query=hints.get("query"),
                out=_model_in(hints["return"]),
                takes=tuple(takes),
                also=tuple(also),
                errors=tuple(errors),
                edits=edits,
                tag=self._tag,
            )
            operations[operation.key] = operation

            @functools.wraps(view)
            def answered(**ids: str) -> Any:
                raw = self.current_request
                response = answer(lambda: _answer(operation, view, raw, ids))
                if operation.key in AUDITED_READS or (operation.rule and operation.method != "GET"):
                    return answer(lambda: _recorded(operation, raw, ids, response))
                return response

            register(answered)
            return view

        return declare


def _model_in(hint: Any) -> type[BaseModel] | None:
    """The model of `Model`, `Answer[Model]` and of either `| Response`; None where there is none."""
    if hint in (None, NoneType, Response):
        return None
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint
    models = [model for part in typing.get_args(hint) if (model := _model_in(part)) is not None]
    return models[0] if models else None


def _answer(operation: Operation, view: Callable[..., Any], raw: Request, ids: Mapping[str, str]) -> Response:
    request = ApiRequest(raw, caller_of(raw.context["authorizer"]) if operation.rule else None, operation.key)
    _admit(request, operation.rule, ids)
    if operation.method == "POST" and (seed := request.idempotency_seed) is not None:
        wiring.access().claim_key(seed, request.fingerprint, utc_now())
    parsed: dict[str, BaseModel] = {}
    if operation.query is not None:
        parsed["query"] = request.parse_query(operation.query)
    if operation.body is not None:
        parsed["body"] = request.parse_json(operation.body)
    given = view(request, **ids, **parsed)
    if isinstance(given, Response):
        return given
    reply = given if isinstance(given, Answer) else Answer(given)
    headers: dict[str, str | list[str]] = dict(reply.headers)
    if reply.etag is not None:
        headers["ETag"] = f'"{reply.etag}"'
    if reply.body is None:
        return Response("", status_code=HTTPStatus.NO_CONTENT, headers=headers)
    headers["Content-Type"] = JSON
    return Response(reply.body.model_dump_json(), status_code=operation.status, headers=headers)


def _recorded(operation: Operation, raw: Request, ids: Mapping[str, str], response: Response) -> Response:
    """What cannot be recorded is answered as failed, though it may be done: somebody must look."""
    location = str((response.headers or {}).get("Location", ""))
    made = {"made": location.rpartition("/")[2]} if location else {}
    record_act(
        caller_of(raw.context["authorizer"]),
        operation.key,
        {**ids, **made},
        response.status_code,
        audit=wiring.audit(),
        clock=utc_now,
    )
    return response


def _admit(request: ApiRequest, rule: Rule, ids: Mapping[str, str]) -> None:
    """What no id of ours can be is not looked up: DynamoDB refuses keys over 1 KB with an error of its own."""
    if not rule:
        return
    if request.caller.role not in rule:
        raise Forbidden(f"The role {request.caller.role} may not do this.")
    if any(len(value) > MAX_ID_LENGTH for value in ids.values()):
        raise NotFound("There is nothing with such an id.")
    authorise(
        request.caller,
        rule,
        ids,
        access=wiring.access(),
        courses=wiring.courses(),
        frames=wiring.frames(),
        sessions=wiring.sessions(),
    )
