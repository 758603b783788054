"""The app's Lambda functions: the same callables as AWS runs, with Lambda's context, limits and failures."""

import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from chalice.app import Chalice
from chalice.utils import to_cfn_resource_name

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"  # moto's
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
API_HANDLER = "api_handler"

Handler = Callable[[Any, Any], Any]

log = logging.getLogger(__name__)


class FunctionFailed(Exception):
    """The handler raised, or answered what is no JSON."""


class EventTooLarge(Exception):
    """Lambda refuses an event over 6 MB before any code runs."""


class AnswerTooLarge(FunctionFailed):
    """Lambda drops an answer over 6 MB."""


class OutOfTime(Exception):
    """The caller waited long enough. The function still runs."""


@dataclass(frozen=True)
class FunctionContext:
    """What a handler gets as `context`."""

    function_name: str
    memory_limit_in_mb: int
    timeout_seconds: float
    function_version: str = "$LATEST"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    identity: None = None
    client_context: None = None
    _started: float = field(default_factory=time.monotonic)

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        return "local"

    def get_remaining_time_in_millis(self) -> int:
        remaining = self.timeout_seconds - (time.monotonic() - self._started)
        return max(0, int(remaining * 1000))


@dataclass(frozen=True)
class Function:
    name: str
    handler: Handler
    memory_mb: int = 128
    timeout_seconds: float = 60

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Call the handler with a copy of the event; event and answer pass through JSON, as on AWS."""
        payload = _json(event)
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise EventTooLarge(f"{len(payload)} bytes")
        context = FunctionContext(self.name, self.memory_mb, self.timeout_seconds)
        try:
            answer = _json(self.handler(json.loads(payload), context))
        except Exception as error:
            log.exception("%s failed", self.name)
            raise FunctionFailed(f"{type(error).__name__}: {error}") from error
        if len(answer) > MAX_PAYLOAD_BYTES:
            raise AnswerTooLarge(f"{len(answer)} bytes")
        return json.loads(answer)

    def invoke_within(self, seconds: float, event: Mapping[str, Any]) -> Any:
        """As `invoke`, but waits no longer than that: raises OutOfTime while the function goes on."""
        outcome: Future[Any] = Future()
        # A daemon, so that a function that never ends cannot keep the process from ending.
        Thread(target=_settle, args=(outcome, lambda: self.invoke(event)), daemon=True).start()
        try:
            return outcome.result(timeout=seconds)
        except TimeoutError:
            raise OutOfTime(f"{self.name} took over {seconds} s") from None


def _json(value: Any) -> bytes:
    """UTF-8, for Lambda counts bytes; lone surrogates pass, as a body of strange escapes may hold them."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _settle(outcome: "Future[Any]", call: Callable[[], Any]) -> None:
    try:
        outcome.set_result(call())
    except BaseException as error:  # whatever it is, the waiting thread must learn of it
        outcome.set_exception(error)


class Functions:
    """All functions of an app, with the memory and time that .chalice/config.json gives them."""

    def __init__(self, app: Chalice, config: Mapping[str, Any] | None = None) -> None:
        self.app = app
        stage: dict[str, Any] = next(iter((config or {}).get("stages", {}).values()), {})
        handlers: dict[str, Handler] = {API_HANDLER: app, **app.handler_map}
        self._by_name = {name: _function(name, handler, stage) for name, handler in handlers.items()}
        self._by_resource = {to_cfn_resource_name(name): each for name, each in self._by_name.items()}

    @property
    def api(self) -> Function:
        return self._by_name[API_HANDLER]

    def named(self, name: str) -> Function:
        return self._by_name[name]

    def of_resource(self, logical_id: str) -> Function:
        """The function that a template calls OnFrameUploaded. Raises LookupError naming one that the app has not."""
        if logical_id not in self._by_resource:
            raise LookupError(f"The template triggers {logical_id}, but the app has no such function.")
        return self._by_resource[logical_id]


def load_config(root: Path) -> dict[str, Any]:
    path = root / ".chalice" / "config.json"
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return config


def _function(name: str, handler: Handler, stage: Mapping[str, Any]) -> Function:
    own = {**stage, **stage.get("lambda_functions", {}).get(name, {})}
    return Function(name, handler, own.get("lambda_memory_size", 128), own.get("lambda_timeout", 60))
