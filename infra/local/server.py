"""HTTP/1.1 on loopback: keep-alive, bounded bodies, and an answer to every malformed request."""

import logging
import re
import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from threading import Lock, Thread
from time import monotonic
from typing import Any, Protocol
from urllib.parse import urlsplit

from infra.local.messages import HttpAnswer, HttpRequest
from infra.local.ports import LOOPBACK

IDLE_SECONDS = 60.0
LINGER_SECONDS = 5.0
MAX_LINGER_BYTES = 256 * 1024 * 1024
MAX_CHUNK_LINE = 1024
MAX_TRAILERS = 100
NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
HEX_NUMBER = re.compile(rb"[0-9a-fA-F]{1,12}")
BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)

log = logging.getLogger(__name__)


class Site(Protocol):
    """What stands behind the server."""

    def handle(self, request: HttpRequest) -> HttpAnswer: ...

    def reject(self, status: int, message: str) -> HttpAnswer: ...


class _Malformed(Exception):
    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class LoopbackServer(ThreadingHTTPServer):
    """Clients may connect from the moment its listener exists; they are answered once `serve` was called."""

    # Connections are joined at the end, so that no answer is cut off; a client that stalls runs into IDLE_SECONDS.
    daemon_threads = False
    site: Site
    max_body_bytes: int
    on_answer: Callable[[HttpRequest, HttpAnswer, float], None]

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname(), _Connection, bind_and_activate=False)
        self.socket.close()  # the base class makes one of its own
        self.socket = listener
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._stopping = False

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def serve(
        self,
        site: Site,
        *,
        max_body_bytes: int,
        on_answer: Callable[[HttpRequest, HttpAnswer, float], None] = lambda *_: None,
    ) -> None:
        self.site, self.max_body_bytes, self.on_answer = site, max_body_bytes, on_answer
        self._thread = Thread(target=self.serve_forever, args=(0.05,), name="gateway")
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections, let requests in flight end, close idle connections, free the port."""
        if self._thread:
            self.shutdown()
            self._thread.join()
        with self._lock:
            self._stopping = True
            for connection in self._open:
                _end_reading(connection)
        self.server_close()

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
            if self._stopping:
                _end_reading(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A client that went away is no error of ours; anything else is logged, and no other client notices."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            log.exception("a connection failed")


def _end_reading(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        log.debug("the client was faster")


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    # With Nagle's algorithm a second small write waits for the client's delayed acknowledgement: 40 ms an answer.
    disable_nagle_algorithm = True
    server: LoopbackServer

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        super().finish()

    def respond(self) -> None:
        started = monotonic()
        try:
            request = self._request()
        except _Malformed as error:
            self.send_error(error.status, str(error))
            return
        answer = self.server.site.handle(request)
        self._send(answer)
        self.server.on_answer(request, answer, monotonic() - started)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = respond  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Also called by the base class for request lines and headers that it cannot read."""
        text = message or explain or HTTPStatus(code).phrase
        self.close_connection = True
        self._send(self.server.site.reject(code, text))
        self._linger()

    def handle_expect_100(self) -> bool:
        """A body that will be refused is not asked for."""
        length = self.headers.get("Content-Length", "")
        if NUMBER.fullmatch(length) and int(length) > self.server.max_body_bytes:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Too Long")
            return False
        return super().handle_expect_100()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        log.debug(format, *args)

    def _request(self) -> HttpRequest:
        try:
            target = urlsplit(self.path)
        except ValueError as error:
            raise _Malformed(HTTPStatus.BAD_REQUEST, "The request's target is no URL.") from error
        if not target.path.startswith("/"):
            raise _Malformed(HTTPStatus.BAD_REQUEST, "The request's target has no path.")
        return HttpRequest(
            method=self.command,
            path=target.path,
            query=target.query,
            headers=tuple(self.headers.items()),
            body=self._body(),
            source_ip=self.client_address[0],
        )

    def _body(self) -> bytes:
        encodings = self.headers.get_all("Transfer-Encoding", [])
        lengths = set(self.headers.get_all("Content-Length", []))
        if encodings and (lengths or [each.strip().lower() for each in encodings] != ["chunked"]):
            raise _Malformed(HTTPStatus.BAD_REQUEST, "The body's length is ambiguous.")
        if encodings:
            return _read_chunks(self.rfile, self.server.max_body_bytes)
        if not lengths:
            return b""
        if len(lengths) > 1 or not NUMBER.fullmatch(next(iter(lengths))):
            raise _Malformed(HTTPStatus.BAD_REQUEST, "Content-Length is no number.")
        return _read_exactly(self.rfile, int(lengths.pop()), self.server.max_body_bytes)

    def _send(self, answer: HttpAnswer) -> None:
        """Head and body in one write."""
        close = [("Connection", "close")] if self.close_connection else []
        length = [] if answer.status in BODILESS else [("Content-Length", str(len(answer.body)))]
        lines = [("Date", self.date_time_string()), *answer.headers, *length, *close]
        head = f"HTTP/1.1 {answer.status} {_phrase(answer.status)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in lines)
        bodiless = self.command == "HEAD" or answer.status in BODILESS
        self.wfile.write(f"{head}\r\n".encode("latin-1", "replace") + (b"" if bodiless else answer.body))

    def _linger(self) -> None:
        """Read on for a while after a refusal: closing on unread bytes would destroy the answer on its way."""
        until, left = monotonic() + LINGER_SECONDS, MAX_LINGER_BYTES
        try:
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(1.0)
            while left > 0 and monotonic() < until and (data := self.rfile.read1(65536)):
                left -= len(data)
        except OSError:
            log.debug("the client did not wait")


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"


def _read_exactly(stream: BufferedIOBase, length: int, limit: int) -> bytes:
    if length > limit:
        raise _Malformed(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Too Long")
    data = stream.read(length)
    if len(data) < length:
        raise ConnectionAbortedError("the client ended within a body")
    return data


def _read_chunks(stream: BufferedIOBase, limit: int) -> bytes:
    body = bytearray()
    while size := _chunk_size(stream):
        body += _read_exactly(stream, size, limit - len(body))
        if stream.readline(3).strip(b"\r\n"):
            raise _Malformed(HTTPStatus.BAD_REQUEST, "A chunk is longer than it says.")
    for _ in range(MAX_TRAILERS):
        if stream.readline(MAX_CHUNK_LINE) in (b"\r\n", b"\n", b""):
            return bytes(body)
    raise _Malformed(HTTPStatus.BAD_REQUEST, "Too many trailers.")


def _chunk_size(stream: BufferedIOBase) -> int:
    text = stream.readline(MAX_CHUNK_LINE).partition(b";")[0].strip()
    if not HEX_NUMBER.fullmatch(text):
        raise _Malformed(HTTPStatus.BAD_REQUEST, "A chunk's size is no number.")
    return int(text, 16)
