"""EventBridge's part: calls a function at a fixed rate with a scheduled event."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread
from time import monotonic
from typing import Any

from infra.local.functions import ACCOUNT_ID, REGION, Function, FunctionFailed
from infra.local.poller import Duplicates, Handled

RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def rate_seconds(expression: str) -> int:
    """Seconds of `rate(1 minute)`. Raises ValueError for what is no rate: the local stack plays no cron."""
    match = RATE.fullmatch(expression)
    if not match:
        raise ValueError(f"The local stack cannot play the schedule {expression!r}.")
    return int(match[1]) * SECONDS[match[2]]


def scheduled_event(rule: str, now: datetime) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/{rule}"],
        "detail": {},
    }


class Schedule:
    """One rule and one function. A call that takes longer than the interval delays the next; none is made up for."""

    def __init__(
        self,
        rule: str,
        function: Function,
        interval_seconds: float,
        *,
        duplicates: Duplicates | None = None,
        on_handled: Callable[[Handled], None] = lambda _: None,
    ) -> None:
        self._rule = rule
        self._function = function
        self._interval_seconds = interval_seconds
        self._duplicates = duplicates or Duplicates()
        self._on_handled = on_handled
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=function.name)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def join(self) -> None:
        self._thread.join()

    def tick(self) -> bool:
        """Call the function now; whether it succeeded. Twice with the same event if it is this one's turn."""
        started = monotonic()
        event = scheduled_event(self._rule, datetime.now(UTC))
        twice = self._duplicates.due()
        succeeded = all(self._invoke(event) for _ in range(2 if twice else 1))
        failed = 0 if succeeded else 1
        self._on_handled(Handled(self._function.name, 1, failed, monotonic() - started, twice))
        return succeeded

    def _invoke(self, event: dict[str, Any]) -> bool:
        try:
            self._function.invoke(event)
        except FunctionFailed:  # logged where it was raised; the next tick is the retry
            return False
        return True

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_seconds):
            self.tick()
