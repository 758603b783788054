"""Domain errors as HTTP: one table of statuses, one form of body (RFC 9457, application/problem+json)."""

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from chalice.app import Response
from pydantic import ValidationError

from chalicelib.domain import errors
from chalicelib.domain.errors import RollcallError
from chalicelib.observability import logger

PROBLEM_JSON = "application/problem+json"
MEMBER = re.compile(r"<\w+\.\w+: '([^']*)'>")
"""How a member of an enumeration shows in a message."""

# The most specific class decides; a test asserts that every error in domain/errors.py has a status.
STATUS_BY_ERROR: dict[type[RollcallError], HTTPStatus] = {
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Refused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidRequest: HTTPStatus.BAD_REQUEST,
    errors.EmptyBody: HTTPStatus.BAD_REQUEST,
    errors.PayloadTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.InvalidToken: HTTPStatus.UNAUTHORIZED,
    errors.NotInvited: HTTPStatus.UNAUTHORIZED,  # the status of all that the authorizer denies (gateway.yaml)
    errors.IdentityTaken: HTTPStatus.CONFLICT,
    errors.AdminExists: HTTPStatus.CONFLICT,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.SessionBegun: HTTPStatus.CONFLICT,
    errors.SessionNotOpen: HTTPStatus.CONFLICT,
    errors.ConsentMissing: HTTPStatus.CONFLICT,
    errors.NotOnRoster: HTTPStatus.NOT_FOUND,
    errors.NotAnInstructor: HTTPStatus.NOT_FOUND,
    errors.LimitReached: HTTPStatus.CONFLICT,
    errors.ConsentTextExists: HTTPStatus.CONFLICT,
    errors.BiometricsOff: HTTPStatus.CONFLICT,
    errors.ErasureUnfinished: HTTPStatus.CONFLICT,
    errors.CodeRefused: HTTPStatus.FORBIDDEN,
    errors.PersonArchived: HTTPStatus.CONFLICT,
    errors.CourseArchived: HTTPStatus.CONFLICT,
    errors.CourseInUse: HTTPStatus.CONFLICT,
    errors.ExternalIdTaken: HTTPStatus.CONFLICT,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.FrameNotRead: HTTPStatus.CONFLICT,
    errors.FaceTaken: HTTPStatus.CONFLICT,
    errors.NothingToDecide: HTTPStatus.CONFLICT,
    errors.RetrainingNotSetUp: HTTPStatus.CONFLICT,
    errors.ModelOfAnotherPack: HTTPStatus.CONFLICT,
    errors.NotProven: HTTPStatus.CONFLICT,
    errors.NotInService: HTTPStatus.CONFLICT,
    errors.NothingToRollBackTo: HTTPStatus.CONFLICT,
    errors.Contention: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DeletionFailed: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.SignInUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Misconfigured: HTTPStatus.INTERNAL_SERVER_ERROR,
    RollcallError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


def status_of(error: type[RollcallError]) -> HTTPStatus:
    return next(STATUS_BY_ERROR[kind] for kind in error.__mro__ if kind in STATUS_BY_ERROR)


def problem(
    status: HTTPStatus, code: str, detail: str, *, retry_after_seconds: int | None = None, **members: Any
) -> Response:
    """One error in the form that the gateway's own errors have too."""
    body = {
        "type": f"urn:rollcall:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
        **members,
    }
    headers: dict[str, str | list[str]] = {"Content-Type": PROBLEM_JSON}
    if retry_after_seconds is None and status is HTTPStatus.SERVICE_UNAVAILABLE:
        retry_after_seconds = 1
    if retry_after_seconds is not None:
        headers["Retry-After"] = str(retry_after_seconds)
    return Response(body=json.dumps(body), status_code=status.value, headers=headers)


def answer(view: Callable[[], Any]) -> Any:
    """What the view answers, or the problem that its error means. Chalice would turn any exception into a bare 500."""
    try:
        return view()
    except ValidationError as error:
        fields = [
            {"field": ".".join(str(part) for part in item["loc"]), "message": _plain(item["msg"])}
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        return problem(HTTPStatus.BAD_REQUEST, "invalid_request", "The request is not valid.", errors=fields)
    except RollcallError as error:
        status = status_of(type(error))
        logger.info("request refused", code=error.code, status=status.value)
        return problem(
            status,
            error.code,
            str(error) or status.phrase,
            retry_after_seconds=getattr(error, "retry_after_seconds", None),
        )
    except Exception:
        logger.exception("request failed")
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on our side."
        )


def _plain(message: str) -> str:
    """A caller reads of JSON, and nothing of the language that this is written in."""
    return MEMBER.sub(r"'\1'", message).replace("Tuple ", "List ")
