"""Stop the process before or after its n-th write, or let somebody else overtake it there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from botocore.client import BaseClient
from botocore.exceptions import ClientError

WRITES = frozenset(
    (
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchWriteItem",
        "TransactWriteItems",
        "PutObject",
        "DeleteObjects",
    )
)


class Crash(BaseException):  # not an error that anybody may handle: the process is gone
    """The process stops here."""


@dataclass
class Writes:
    """The writes that were asked for, in order."""

    names: list[str] = field(default_factory=list)


@contextmanager
def watched(
    before: Callable[[int], None] = lambda _: None, after: Callable[[int], None] = lambda _: None
) -> Iterator[Writes]:
    """Calls `before(n)` and `after(n)` around the n-th write, counted from 1."""
    writes = Writes()
    call = BaseClient._make_api_call

    def counted(client: Any, operation: str, parameters: Any) -> Any:
        if operation not in WRITES:
            return call(client, operation, parameters)
        writes.names.append(operation)
        number = len(writes.names)
        before(number)
        answer = call(client, operation, parameters)
        after(number)
        return answer

    with mock.patch.object(BaseClient, "_make_api_call", counted):
        yield writes


def crash_at(n: int) -> Callable[[int], None]:
    def stop(number: int) -> None:
        if number == n:
            raise Crash

    return stop


def conflict(operation: str) -> ClientError:
    """How AWS refuses a write that meets a transaction on its item."""
    if operation == "TransactWriteItems":
        error = {"Code": "TransactionCanceledException", "Message": "[TransactionConflict]"}
        reasons = [{"Code": "TransactionConflict", "Message": "busy"}]
        return ClientError({"Error": error, "CancellationReasons": reasons}, operation)  # type: ignore[typeddict-unknown-key]
    return ClientError({"Error": {"Code": "TransactionConflictException", "Message": "busy"}}, operation)
