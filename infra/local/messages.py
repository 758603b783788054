"""What the local gateway is asked and answers, independent of sockets."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class HttpRequest:
    """`path` is still percent-encoded, as it came; header names keep their case and order."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str = "127.0.0.1"

    def header(self, name: str) -> str | None:
        """The last header of that name, as API Gateway's single-valued `headers` has it."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return found[-1] if found else None


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def with_headers(self, more: Iterable[tuple[str, str]]) -> "HttpAnswer":
        return HttpAnswer(self.status, (*self.headers, *more), self.body)
