"""Routes: a Blueprint whose views name the roles they admit, get a parsed request, and may raise domain errors."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from chalice.app import Blueprint, Request
from pydantic import BaseModel

from chalicelib.api.auth import authorize, caller_of
from chalicelib.api.errors import answer
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.errors import Forbidden, InvalidRequest, NotFound

Parsed = TypeVar("Parsed", bound=BaseModel)
View = Callable[..., Any]

ADMIN = frozenset({Role.ADMIN})
CAMERA = frozenset({Role.ADMIN, Role.CAMERA})
MAX_ID_LENGTH = 64
PUBLIC: frozenset[Role] = frozenset()


@dataclass(frozen=True)
class ApiRequest:
    """What a view may ask of a request."""

    _request: Request
    _caller: Caller | None

    @property
    def caller(self) -> Caller:
        if self._caller is None:
            raise Forbidden("This needs a token.")
        return self._caller

    @property
    def body(self) -> bytes:
        raw = self._request.raw_body
        return raw.encode() if isinstance(raw, str) else raw

    def json(self, model: type[Parsed]) -> Parsed:
        """Raises pydantic's ValidationError, which is answered field by field."""
        body = self.body
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest("The body is no UTF-8.") from error
        return model.model_validate_json(body)

    def query(self, model: type[Parsed]) -> Parsed:
        return model.model_validate(dict(self._request.query_params or {}))

    def accepts(self, content_type: str) -> bool:
        return content_type in self._request.headers.get("accept", "")


class Routes(Blueprint):
    """Denies by default: a route without `roles` cannot be written."""

    def route(  # type: ignore[override]  # `roles` is required on purpose
        self, path: str, *, roles: frozenset[Role], **kwargs: Any
    ) -> Callable[[View], View]:
        register = super().route(path, authorizer=authorize if roles else None, **kwargs)

        def decorate(view: View) -> View:
            @functools.wraps(view)
            def checked(**parameters: str) -> Any:
                return answer(lambda: view(_admit(self.current_request, roles), **_ids(parameters)))

            admitted_roles[f"{'|'.join(kwargs.get('methods', ['GET']))} {path}"] = roles
            register(checked)
            return checked

        return decorate


# What each route admits, gathered as routes are declared; tests go through all of it.
admitted_roles: dict[str, frozenset[Role]] = {}


def _ids(parameters: dict[str, str]) -> dict[str, str]:
    """What no id of ours can be is not looked up: DynamoDB refuses keys over 1 KB with an error of its own."""
    if any(len(value) > MAX_ID_LENGTH for value in parameters.values()):
        raise NotFound("There is nothing with such an id.")
    return parameters


def _admit(request: Request, roles: frozenset[Role]) -> ApiRequest:
    if not roles:
        return ApiRequest(request, None)
    caller = caller_of(request.context["authorizer"])
    if caller.role not in roles:
        raise Forbidden(f"The role {caller.role} may not do this.")
    return ApiRequest(request, caller)
