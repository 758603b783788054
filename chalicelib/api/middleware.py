"""Around every request: one log line, and Chalice's own errors in our form."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from chalice.app import Request, Response

from chalicelib.api.errors import problem
from chalicelib.observability import logger

Next = Callable[[Any], Response]

CODE_BY_CHALICE_STATUS = {
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.BAD_REQUEST: "invalid_request",
}


def problem_details(event: Any, get_response: Next) -> Response:
    """The answers that Chalice gives before a view is reached."""
    response = get_response(event)
    body = response.body
    if response.status_code < HTTPStatus.BAD_REQUEST or not isinstance(body, dict) or "Code" not in body:
        return response
    status = HTTPStatus(response.status_code)
    code = CODE_BY_CHALICE_STATUS.get(status, "internal_error")
    return problem(status, code, str(body.get("Message", status.phrase)))


def logged(request: Request, get_response: Next) -> Response:
    """The route and not the path is logged: a path may be anything that somebody typed."""
    started = time.perf_counter()
    response = get_response(request)
    logger.info(
        "request answered",
        method=request.method,
        route=request.path,
        status=response.status_code,
        subject=(request.context.get("authorizer") or {}).get("subject"),
        duration_ms=round((time.perf_counter() - started) * 1000),
    )
    return response
