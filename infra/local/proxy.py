"""Requests as the events of API Gateway's Lambda proxy integration (REST, AWS_PROXY), and its answers as HTTP."""

import base64
import binascii
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

from infra.local.functions import ACCOUNT_ID, REGION
from infra.local.messages import HttpAnswer, HttpRequest
from infra.local.routing import Match

API_ID = "rollcall00"
STAGE = "api"
DOMAIN = f"{API_ID}.execute-api.{REGION}.amazonaws.com"
FIRST_STATUS, LAST_STATUS = 200, 599
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
)
# API Gateway renames what would speak for itself and not for the function behind it.
REMAPPED = frozenset({"connection", "content-md5", "date", "server", "www-authenticate"})
RECOMPUTED = frozenset({"content-length", "transfer-encoding"})


class MalformedAnswer(Exception):
    """The function's answer is not what the proxy integration asks for; API Gateway says 502."""


def method_arn(method: str, path: str) -> str:
    return f"arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{API_ID}/{STAGE}/{method}/{path.removeprefix('/')}"


def proxy_event(
    request: HttpRequest,
    match: Match,
    *,
    request_id: str,
    authorizer: Mapping[str, str] | None,
    binary_types: Iterable[str],
) -> dict[str, Any]:
    """The event that the API's function gets, with every member that API Gateway sends."""
    headers = _many([*_forwarded(request)])
    query = _many(parse_qsl(request.query, keep_blank_values=True))
    body, is_base64 = _body(request, binary_types)
    return {
        "resource": match.route,
        "path": request.path,
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": match.parameters or None,
        "stageVariables": None,
        "requestContext": _context(request, match, request_id, authorizer),
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _forwarded(request: HttpRequest) -> Iterable[tuple[str, str]]:
    for name, value in request.headers:
        if name.lower() not in HOP_BY_HOP:
            yield name, value
    yield "X-Forwarded-For", request.source_ip
    yield "X-Forwarded-Proto", "http"


def _many(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    gathered: dict[str, list[str]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    return gathered


def _last(many: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in many.items()}


def _body(request: HttpRequest, binary_types: Iterable[str]) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    if is_binary(request.header("Content-Type") or "application/json", binary_types):
        return base64.b64encode(request.body).decode("ascii"), True
    # What is not declared binary is text to API Gateway: bytes that are none are lost there, and here.
    return request.body.decode("utf-8", errors="replace"), False


def is_binary(content_type: str, binary_types: Iterable[str]) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return any(fnmatchcase(media_type, pattern.lower()) for pattern in binary_types)


def _context(
    request: HttpRequest, match: Match, request_id: str, authorizer: Mapping[str, str] | None
) -> dict[str, Any]:
    now = time.time()
    context = {
        "accountId": ACCOUNT_ID,
        "apiId": API_ID,
        "domainName": DOMAIN,
        "domainPrefix": API_ID,
        "extendedRequestId": request_id,
        "httpMethod": request.method,
        "identity": _identity(request),
        "path": f"/{STAGE}{request.path}",
        "protocol": "HTTP/1.1",
        "requestId": request_id,
        "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": "local",
        "resourcePath": match.route,
        "stage": STAGE,
    }
    return context if authorizer is None else {**context, "authorizer": dict(authorizer)}


def _identity(request: HttpRequest) -> dict[str, str | None]:
    unknown = (
        "accessKey",
        "accountId",
        "caller",
        "cognitoAuthenticationProvider",
        "cognitoAuthenticationType",
        "cognitoIdentityId",
        "cognitoIdentityPoolId",
        "principalOrgId",
        "user",
        "userArn",
    )
    known = {"sourceIp": request.source_ip, "userAgent": request.header("User-Agent")}
    return {**dict.fromkeys(unknown), **known}


def http_answer(answer: Any, *, accept: str | None, binary_types: Iterable[str]) -> HttpAnswer:
    """What the client gets. Raises MalformedAnswer."""
    status = _status(answer)
    headers = _answer_headers(answer)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    # A browser's `Accept: image/avif,…` is no exception: only the first type counts, on AWS too.
    wants_binary = is_binary((accept or "application/json").partition(",")[0], binary_types)
    body = _answer_body(answer, decode=bool(answer.get("isBase64Encoded")) and wants_binary)
    return HttpAnswer(status, tuple(headers), body)


def _status(answer: Any) -> int:
    status = answer.get("statusCode") if isinstance(answer, dict) else None
    if isinstance(status, bool) or not isinstance(status, int) or not FIRST_STATUS <= status <= LAST_STATUS:
        raise MalformedAnswer("no statusCode")
    return status


def _answer_headers(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    single, many = answer.get("headers") or {}, answer.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not all(isinstance(values, list) for values in many.values()):
        raise MalformedAnswer("headers are no map")
    # A name in both is merged by API Gateway; the list then holds the whole.
    pairs = [(name, value) for name, value in single.items() if name not in many]
    pairs += [(name, value) for name, values in many.items() for value in values]
    return [_answer_header(name, value) for name, value in pairs if name.lower() not in RECOMPUTED]


def _answer_header(name: str, value: Any) -> tuple[str, str]:
    text = _text(value)
    if any(control in name + text for control in "\r\n\0") or not text.isprintable():
        raise MalformedAnswer(f"a bad value in the header {name!r}")
    return (f"x-amzn-Remapped-{name}" if name.lower() in REMAPPED else name), text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise MalformedAnswer("a header is neither text, number nor boolean")
    return str(value)


def _answer_body(answer: Mapping[str, Any], *, decode: bool) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswer("the body is no text")
    if not decode:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise MalformedAnswer("the body is no base64") from error
