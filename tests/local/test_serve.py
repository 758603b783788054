"""`python -m infra.local`, as a person starts and stops it."""

import http.client
import json
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.local.__main__ import SIGNALS, main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def restored_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def _start(*arguments: str) -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "infra.local", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()  # if the test failed: nobody else would end it


def _ready(process: "subprocess.Popen[str]", path: Path) -> dict[str, Any]:
    until = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)
    content: dict[str, Any] = json.loads(path.read_text())
    return content


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_told_to_stop_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "new" / "ready.json"
    with _start("--port", "0", "--ready-file", str(path), "--duplicate-every", "2") as process:
        ready = _ready(process, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        connection = http.client.HTTPConnection(ready["url"].removeprefix("http://"), timeout=10)
        connection.request("GET", "/v1/people", headers={"Authorization": f"Bearer {ready['admin_token']}"})
        assert connection.getresponse().status == 200  # and the connection stays open, idle
        process.send_signal(number)
        said, complained = process.communicate(timeout=20)
        connection.close()
    assert (process.returncode, complained) == (0, "")
    assert said.count(ready["admin_token"]) == 1
    assert "GET /v1/people 200" in said
    assert "{" not in said  # log lines go to the file
    assert not path.exists()


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        started = time.monotonic()
        with _start("--port", str(port), "--ready-file", str(path)) as process:
            said, complained = process.communicate(timeout=20)
    assert process.returncode == 2
    assert f"Port {port}: Address already in use. Choose another with --port." in complained
    assert "Traceback" not in complained
    assert "token" not in said
    assert not path.exists()
    assert time.monotonic() - started < 10


@pytest.mark.usefixtures("restored_signals")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--parameter", "Prefx=x"), "No such parameter: Prefx"),
        (("--parameter", "Prefix"), "--parameter takes NAME=VALUE, not 'Prefix'"),
        (("--port", "70000"), "70000 is no port"),
        (("--tick-seconds", "-1"), "0 or more"),
    ],
)
def test_what_it_cannot_do_is_told_in_one_line(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--port", "0", *arguments]) == 2
    complained = capsys.readouterr().err
    assert complaint in complained
    assert len(complained.splitlines()) == 1
