"""What any client of Rollcall does: JSON over HTTP with a bearer token, and presigned uploads."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 60


class CallFailed(Exception):
    """The API answered with an error (its status and code are given), or did not get there in time."""

    def __init__(self, message: str, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Client:
    """One token's view of the API at `url`."""

    url: str
    token: str

    def get(self, path: str) -> Any:
        return self._call("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        return self._call("POST", path, b"" if body is None else json.dumps(body).encode())

    def put(self, path: str, body: Any = None) -> Any:
        return self._call("PUT", path, b"" if body is None else json.dumps(body).encode())

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path)

    def post_picture(self, path: str, picture: bytes) -> Any:
        return self._call("POST", path, picture, "image/jpeg")

    def _call(
        self, method: str, path: str, body: bytes | None = None, content_type: str = "application/json"
    ) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        answer = _send(urllib.request.Request(self.url + path, body, headers, method=method))  # noqa: S310  # ours
        return json.loads(answer) if answer else None


def upload(ticket: dict[str, Any], data: bytes) -> None:
    """PUT the bytes where the ticket says, with exactly its headers. Raises CallFailed."""
    _send(urllib.request.Request(ticket["url"], data, ticket["headers"], method="PUT"))  # noqa: S310  # ours


def until(ask: Callable[[], Any], ready: Callable[[Any], bool], seconds: float, what: str) -> Any:
    """Ask again and again until the answer is ready. Raises CallFailed after so many seconds."""
    deadline = time.monotonic() + seconds
    while not ready(answer := ask()):
        if time.monotonic() > deadline:
            raise CallFailed(f"{what} took longer than {seconds:.0f} seconds.")
        time.sleep(0.1)
    return answer


def _send(request: urllib.request.Request) -> bytes:
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  # ours
            body: bytes = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            answered = error.read().decode(errors="replace")
        message = f"{request.method} {request.full_url.split('?')[0]}: {error.code} {answered}"
        raise CallFailed(message, error.code, _code(answered)) from error
    return body


def _code(answered: str) -> str | None:
    """The problem's code; S3's errors have none."""
    try:
        problem = json.loads(answered)
    except ValueError:
        return None
    return str(problem["code"]) if isinstance(problem, dict) and "code" in problem else None
