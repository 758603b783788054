"""What is no proper HTTP gets an answer, harms nobody else, and never ends the server."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.local.ports import PortTaken, listen

HOST = b"Host: localhost\r\n"
POST = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Type: text/plain\r\n"


def _exchange(site: Any, request: bytes) -> bytes:
    """Everything that the server says to these bytes until it closes."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        said = b""
        while data := client.recv(65536):
            said += data
        return said


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /hello HTTP/9.9\r\n\r\n", 505),
        (b"GET /hello HTTP/x\r\n\r\n", 400),
        (b"BREW /hello HTTP/1.1\r\n" + HOST + b"\r\n", 501),
        (b"GET hello HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET http://[half/hello HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /hello HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (POST + b"Content-Length: many\r\n\r\n", 400),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", 413),
        (POST + b"Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n", 413),
        (POST + b"Content-Length: 99999999999\r\n\r\n", 413),
    ],
)
def test_a_malformed_request_gets_a_problem_and_the_connection_is_closed(
    site: Any, request_: bytes, status: int
) -> None:
    head, _, body = _exchange(site, request_).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Connection: close" in head
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] in {"refused", "payload_too_large", "internal_error"}
    assert site.ask("GET", "/hello")[0] == 200


def test_a_client_that_goes_away_within_its_body_is_no_error(site: Any, tiny: Any) -> None:
    assert _exchange(site, POST + b"Content-Length: 10\r\n\r\nabc") == b""
    assert tiny.events == []
    assert site.ask("GET", "/hello")[0] == 200


def test_a_body_in_chunks_is_read_whole(site: Any, tiny: Any) -> None:
    request = POST + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"
    assert b"200 OK" in _exchange(site, request)
    assert tiny.events[0]["body"] == "abcde"
    assert "Transfer-Encoding" not in tiny.events[0]["headers"]


def test_a_target_with_scheme_and_host_means_its_path(site: Any) -> None:
    assert b"200 OK" in _exchange(site, b"GET http://example.org/hello?x=1 HTTP/1.1\r\n" + HOST + b"\r\n")


def test_a_client_that_waits_for_the_go_ahead_gets_it(site: Any) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as client:
        client.sendall(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue")
        client.sendall(b"ok")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_an_http_1_0_client_is_answered_and_hung_up_on(site: Any) -> None:
    assert b'{"hello":"world"}' in _exchange(site, b"GET /hello HTTP/1.0\r\n\r\n")


def test_one_connection_serves_many_requests_without_a_stall(site: Any) -> None:
    connection = site.connect()
    connection.request("GET", "/hello")
    connection.getresponse().read()
    first = connection.sock
    started = time.monotonic()
    for _ in range(50):
        connection.request("POST", "/echo", b"{}", {"Content-Type": "application/json"})
        assert connection.getresponse().read() == b'{"bytes":2}'
    # Nagle's algorithm with delayed acknowledgements would make it 40 ms each: two seconds.
    assert time.monotonic() - started < 1
    assert connection.sock is first
    connection.close()


def test_concurrent_requests_never_see_each_others(site: Any, tiny: Any, eventually: Any) -> None:
    keys = [f"key-{number}" for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(site.ask, "GET", f"/late/{key}") for key in keys]
        eventually(lambda: len(tiny.asked) == 20)  # all are inside their views at once
        tiny.release.set()
        answers = [json.loads(each.result()[2]) for each in waiting]
    assert [answer["before"] for answer in answers] == [{"key": key} for key in keys]
    assert [answer["after"] for answer in answers] == [{"key": key} for key in keys]
    assert len({answer["id"] for answer in answers}) == 20


def test_stopping_lets_a_request_in_flight_end_and_closes_idle_connections(
    serve: Any, tiny: Any, eventually: Any
) -> None:
    with serve() as site, ThreadPoolExecutor(1) as pool:
        idle = site.connect()
        idle.request("GET", "/hello")
        idle.getresponse().read()
        in_flight = pool.submit(site.ask, "GET", "/late/one")
        eventually(lambda: tiny.asked == ["one"])
        stopping = threading.Thread(target=site.server.stop)
        stopping.start()
        time.sleep(0.1)
        assert stopping.is_alive()
        tiny.release.set()
        assert in_flight.result()[0] == 200
        stopping.join(5)
        assert not stopping.is_alive()
        idle.close()


def test_the_server_listens_on_loopback_only(site: Any) -> None:
    assert site.server.socket.getsockname()[0] == "127.0.0.1"


def test_a_taken_port_is_told_with_the_option_that_chooses_another() -> None:
    with listen(0, "--port") as taken, pytest.raises(PortTaken, match=r"Port \d+: .*--port"):
        listen(taken.getsockname()[1], "--port")
