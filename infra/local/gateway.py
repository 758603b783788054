"""API Gateway's part, without sockets: from one HTTP request to one answer, by way of authorizer and function."""

import logging
import uuid
from dataclasses import dataclass

from chalice.app import Chalice, ChaliceAuthorizer, RouteEntry

from infra.local.authorizer import (
    AccessDenied,
    AuthorizerFailed,
    AuthorizerMisconfigured,
    TokenAuthorizer,
    Unauthorized,
)
from infra.local.functions import EventTooLarge, FunctionFailed, Functions, OutOfTime
from infra.local.messages import HttpAnswer, HttpRequest
from infra.local.proxy import MalformedAnswer, http_answer, method_arn, proxy_event
from infra.local.responses import GatewayResponses
from infra.local.routing import Match, Router

MAX_BODY_BYTES = 10 * 1024 * 1024
TIMEOUT_SECONDS = 29.0

log = logging.getLogger(__name__)

# What API Gateway calls each failure, and its message.
KIND_BY_ERROR: dict[type[Exception], tuple[str, str]] = {
    Unauthorized: ("UNAUTHORIZED", "Unauthorized"),
    AccessDenied: ("ACCESS_DENIED", "User is not authorized to access this resource"),
    AuthorizerFailed: ("AUTHORIZER_FAILURE", "Internal server error"),
    AuthorizerMisconfigured: ("AUTHORIZER_CONFIGURATION_ERROR", "Internal server error"),
    EventTooLarge: ("REQUEST_TOO_LARGE", "Request Too Long"),
    OutOfTime: ("INTEGRATION_TIMEOUT", "Endpoint request timed out"),
    FunctionFailed: ("DEFAULT_5XX", "Internal server error"),
    MalformedAnswer: ("DEFAULT_5XX", "Internal server error"),
}


@dataclass(frozen=True)
class _Target:
    match: Match
    entry: RouteEntry


class Gateway:
    """The REST API of an app. `handle` never raises: it is what stands between the network and the code."""

    def __init__(
        self, functions: Functions, responses: GatewayResponses, *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._app: Chalice = functions.app
        self._function = functions.api
        self._responses = responses
        self._timeout_seconds = timeout_seconds
        self._router = Router(self._app.routes)
        self._authorizers = {
            config.name: TokenAuthorizer(config, functions.named(config.name))
            for config in self._app.builtin_auth_handlers
        }

    def handle(self, request: HttpRequest) -> HttpAnswer:
        request_id = str(uuid.uuid4())
        try:
            answer = self._handle(request, request_id)
        except tuple(KIND_BY_ERROR) as error:
            kind, message = next(KIND_BY_ERROR[each] for each in type(error).__mro__ if each in KIND_BY_ERROR)
            context = error.context if isinstance(error, AccessDenied) else {}
            answer = self._responses.render(kind, message, request_id=request_id, authorizer=context)
        except Exception:
            log.exception("the local gateway itself failed")
            answer = self._responses.render("DEFAULT_5XX", "Internal server error", request_id=request_id)
        return answer.with_headers([("x-amzn-RequestId", request_id)])

    def reject(self, status: int, message: str) -> HttpAnswer:
        """The answer to what is no proper HTTP request."""
        kind = "REQUEST_TOO_LARGE" if status == 413 else "DEFAULT_4XX"
        return self._responses.render(kind, message, status=status)

    def _handle(self, request: HttpRequest, request_id: str) -> HttpAnswer:
        target = self._find(request)
        if target is None:
            return self._responses.render(
                "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token", request_id=request_id
            )
        if len(request.body) > MAX_BODY_BYTES:
            raise EventTooLarge
        binary_types = self._app.api.binary_types
        event = proxy_event(
            request,
            target.match,
            request_id=request_id,
            authorizer=self._authorize(request, target.entry),
            binary_types=binary_types,
        )
        answer = self._function.invoke_within(self._timeout_seconds, event)
        return http_answer(answer, accept=request.header("Accept"), binary_types=binary_types)

    def _find(self, request: HttpRequest) -> _Target | None:
        """API Gateway knows methods, not paths: a known path with another method is as unknown."""
        match = self._router.match(request.path)
        entry = match and self._app.routes[match.route].get(request.method)
        return _Target(match, entry) if match and entry else None

    def _authorize(self, request: HttpRequest, entry: RouteEntry) -> dict[str, str] | None:
        if not isinstance(entry.authorizer, ChaliceAuthorizer):
            return None
        authorizer = self._authorizers[entry.authorizer.name]
        return authorizer.authorize(
            request.header(authorizer.header), method_arn(request.method, request.path)
        )
