"""Run Rollcall on this machine: `python -m infra.local`, until Ctrl-C."""

import argparse
import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from datetime import datetime
from pathlib import Path
from threading import Event, Lock

from infra.local.logfile import LineFile
from infra.local.messages import HttpAnswer, HttpRequest
from infra.local.poller import Handled
from infra.local.ports import PortTaken
from infra.local.resources import TemplateNotPlayable
from infra.local.stack import DEFAULT_PACK_DIR, LocalStack, Options

LOG_FILE = Path("build/serve.log")
DEFAULT_PORT = 8000
FAILED, INTERRUPTED = 2, 130
WAKE_SECONDS = 0.5
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 after Ctrl-C or SIGTERM, 2 if it could not start."""
    given = _parser().parse_args(arguments)
    say = _narrator()
    ended = _until_signalled()
    try:
        options = _options(given)
        with _logging(verbose=given.verbose):
            _serve(options, given.ready_file, say, ended, with_users=given.users)
    except (PortTaken, TemplateNotPlayable, ValueError) as error:
        print(f"Rollcall cannot start. {error}", file=sys.stderr)
        return FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the API; 0 takes a free one")
    parser.add_argument("--aws-port", type=int, default=0, help="of the local AWS; 0 takes a free one")
    parser.add_argument("--pack-dir", type=Path, default=DEFAULT_PACK_DIR, help="the model pack")
    parser.add_argument(
        "--tick-seconds", type=float, default=0, help="between scheduled calls; 0 keeps the template's minute"
    )
    parser.add_argument(
        "--duplicate-every",
        type=int,
        default=0,
        metavar="N",
        help="deliver every Nth event twice, as AWS may",
    )
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of infra/resources/template.yaml",
    )
    parser.add_argument(
        "--users",
        action="store_true",
        help="make an admin, an instructor and a student who sign in by password",
    )
    parser.add_argument(
        "--ready-file", type=Path, help="write there, as JSON, where it answers and its admin token"
    )
    parser.add_argument("--verbose", action="store_true", help=f"log lines here and not in {LOG_FILE}")
    return parser


def _options(given: argparse.Namespace) -> Options:
    if wrong := [text for text in given.parameter if "=" not in text]:
        raise ValueError(f"--parameter takes NAME=VALUE, not {wrong[0]!r}.")
    parameters = dict(text.split("=", 1) for text in given.parameter)
    return Options(
        port=given.port,
        aws_port=given.aws_port,
        pack_dir=given.pack_dir,
        tick_seconds=given.tick_seconds,
        duplicate_every=given.duplicate_every,
        parameters=parameters,
        log_level="DEBUG" if given.verbose else "INFO",
    )


def _serve(
    options: Options, ready_file: Path | None, say: Callable[[str], None], ended: Event, *, with_users: bool
) -> None:
    def on_answer(request: HttpRequest, answer: HttpAnswer, seconds: float) -> None:
        say(f"{request.method} {request.path} {answer.status} {seconds * 1000:.0f} ms")

    if ready_file:
        ready_file.unlink(missing_ok=True)  # of a stack that was killed: nobody shall read its token for ours
    say("Starting …")
    with LocalStack(options, on_answer=on_answer, on_handled=lambda handled: say(_told(handled))) as stack:
        say(f"Rollcall answers at {stack.url}, its AWS at {stack.aws_url}.")
        say(f"Admin token, shown this once: {stack.admin_token}")
        if with_users:
            for email, password in stack.seed_users().items():
                token = stack.users.sign_in(email, password)["IdToken"]
                say(f"{email} signs in with {password}; an ID token, good for an hour: {token}")
        if not (options.pack_dir / "pack.json").exists():
            say(f"No model pack at {options.pack_dir}: pictures will fail until `make pack` has built it.")
        say("Stop with Ctrl-C.")
        with _ready(ready_file, stack):
            # Not one endless wait: a signal that comes just as a thread falls asleep is only seen when it wakes.
            while not ended.wait(WAKE_SECONDS):
                pass
        say("Stopping …")
    say("Stopped.")


def _told(handled: Handled) -> str:
    failed = f", {handled.failed} failed" if handled.failed else ""
    twice = ", delivered twice" if handled.twice else ""
    return f"{handled.function} {handled.messages} event(s){failed}{twice} {handled.seconds * 1000:.0f} ms"


def _narrator() -> Callable[[str], None]:
    """Short lines for a person, on the terminal even while the log goes to a file."""
    terminal, lock = sys.stdout, Lock()

    def say(line: str) -> None:
        with lock:
            print(f"{datetime.now():%H:%M:%S} {line}", file=terminal, flush=True)

    return say


def _until_signalled() -> Event:
    """Set by the first Ctrl-C or SIGTERM; the second ends the process at once."""
    ended = Event()

    def on_signal(_number: int, _frame: object) -> None:
        if ended.is_set():
            os._exit(INTERRUPTED)
        ended.set()

    for number in SIGNALS:
        signal.signal(number, on_signal)
    return ended


@contextmanager
def _logging(*, verbose: bool) -> Iterator[None]:
    """What functions print and log, in a file or, if verbose, on the terminal."""
    LOG_FILE.parent.mkdir(parents=True, exist_ok=True)
    with LOG_FILE.open("a", encoding="utf-8") as file:  # another stack may be writing there
        lines = LineFile(sys.stdout if verbose else file)
        handler = logging.StreamHandler(lines)
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        logging.getLogger("infra.local").addHandler(handler)
        with redirect_stdout(lines):
            yield
        logging.getLogger("infra.local").removeHandler(handler)


@contextmanager
def _ready(path: Path | None, stack: LocalStack) -> Iterator[None]:
    """While the stack runs, a file that says where; only its owner may read it, for it holds the token."""
    if path is None:
        with nullcontext():
            yield
        return
    content = {
        "url": stack.url,
        "aws_url": stack.aws_url,
        "admin_token": stack.admin_token,
        "user_pool_id": stack.users.pool_id,
        "user_pool_client_id": stack.users.client_id,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes it 0600; the rename shows it whole or not at all.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file)
    Path(temporary).replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
