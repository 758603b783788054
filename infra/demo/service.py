"""Rollcall in a process of its own, and what a demo needs of it: its API, the school's accounts, and all it stores."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from infra.demo.client import CallFailed, Client
from infra.local.__main__ import LOG_FILE
from infra.local.cloud import client_at
from infra.local.sign_in import Users

DUPLICATE_EVERY = 3
READY_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True)
class Service:
    """`admin`: its API as an admin; `client_of`: its AWS; `log`: what it has logged."""

    admin: Client
    users: Users
    client_of: Callable[[str], Any]
    log: Callable[[], str]


@contextmanager
def service(pack: Path, retrain_after: int) -> Iterator[Service]:
    """On free ports; every third event is delivered twice. Retrains after so many registrations were enrolled."""
    logged_before = LOG_FILE.stat().st_size if LOG_FILE.exists() else 0
    with tempfile.TemporaryDirectory(prefix="rollcall-demo-") as folder:
        ready = Path(folder, "ready.json")
        options = ["--port", "0", "--pack-dir", str(pack), "--ready-file", str(ready), "--tick-seconds", "2"]
        command = [sys.executable, "-m", "infra.local", *options, "--duplicate-every", str(DUPLICATE_EVERY)]
        environment = {**os.environ, "ROLLCALL_RETRAIN_AFTER_ENROLMENTS": str(retrain_after)}
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603  # ourselves
        try:
            yield _ready(process, ready, logged_before)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ready(process: "subprocess.Popen[bytes]", ready: Path, logged_before: int) -> Service:
    deadline = time.monotonic() + READY_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise CallFailed("Rollcall did not start.")
        time.sleep(0.1)
    told = json.loads(ready.read_text())
    client_of = partial(client_at, told["aws_url"])
    return Service(
        admin=Client(told["url"], told["admin_token"]),
        users=Users(client_of, told["user_pool_id"], told["user_pool_client_id"]),
        client_of=client_of,
        log=lambda: LOG_FILE.read_bytes()[logged_before:].decode(errors="replace"),
    )
