"""What AWS does to a caller now and then: conflicts, throttling, half an answer, a reply that is lost, a crash."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any
from unittest import mock

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from chalicelib.domain.errors import Contention
from tests.support.crashes import WRITES, Crash, conflict

WRITTEN_IN_ONE = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
THROTTLED_READS = ("GetItem", "Query", "BatchGetItem")

Call = Callable[[Any], Any]
"""One call to AWS with the given parameters."""


class Fault(StrEnum):
    CONFLICT = "a write meets a transaction on its item"
    THROTTLED = "the table is throttled, and the client has given up trying again"
    TRANSACTION_THROTTLED = "a transaction is cancelled because one of its items is throttled"
    UNPROCESSED = "a batch is answered but for its last key"
    LOST_REPLY = "a write happens, and no reply comes"
    REPEATED = "a write happens, no reply comes, and the client sends it again"
    CRASH_BEFORE = "the process stops before a write"
    CRASH_AFTER = "the process stops after a write"


OPERATIONS: dict[Fault, tuple[str, ...]] = {
    Fault.CONFLICT: WRITTEN_IN_ONE,
    Fault.THROTTLED: (*WRITTEN_IN_ONE, *THROTTLED_READS),
    Fault.TRANSACTION_THROTTLED: ("TransactWriteItems",),
    Fault.UNPROCESSED: ("BatchGetItem",),
    Fault.LOST_REPLY: tuple(sorted(WRITES)),
    Fault.REPEATED: WRITTEN_IN_ONE,
    Fault.CRASH_BEFORE: tuple(sorted(WRITES)),
    Fault.CRASH_AFTER: tuple(sorted(WRITES)),
}
FAILURES: tuple[type[BaseException], ...] = (BotoCoreError, ClientError, Contention, Crash)
"""What may reach who called a use case, beside what PynamoDB makes of it."""


@contextmanager
def fault(kind: Fault, n: int) -> Iterator[None]:
    """The n-th call that the fault can befall is befallen, counted from 1; all others go through."""
    real = BaseClient._make_api_call
    number = 0

    def counted(client: Any, operation: str, parameters: Any) -> Any:
        nonlocal number
        number += operation in OPERATIONS[kind]
        if operation not in OPERATIONS[kind] or number != n:
            return real(client, operation, parameters)
        number += 1  # only this once, however often it is sent again
        return _befall(kind, operation, parameters, lambda given: real(client, operation, given))

    with mock.patch.object(BaseClient, "_make_api_call", counted):
        yield


@contextmanager
def overtaken(n: int, by: Callable[[], None]) -> Iterator[None]:
    """Before the n-th write somebody else acts, whole and undisturbed."""
    real = BaseClient._make_api_call
    number = 0

    def waiting(client: Any, operation: str, parameters: Any) -> Any:
        nonlocal number
        number += operation in WRITES
        if number == n and operation in WRITES:
            number += 1
            with mock.patch.object(BaseClient, "_make_api_call", real):
                by()
        return real(client, operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", waiting):
        yield


def _befall(kind: Fault, operation: str, parameters: Any, call: Call) -> Any:
    match kind:
        case Fault.CONFLICT:
            raise conflict(operation)
        case Fault.THROTTLED:
            code = "ThrottlingException" if operation in WRITES else "ProvisionedThroughputExceededException"
            raise ClientError({"Error": {"Code": code, "Message": "slow down"}}, operation)
        case Fault.TRANSACTION_THROTTLED:
            raise _cancelled(parameters, "ThrottlingError")
        case Fault.UNPROCESSED:
            return _but_for_the_last(parameters, call)
        case Fault.LOST_REPLY:
            call(parameters)
            raise ReadTimeoutError(endpoint_url="https://dynamodb.test")
        case Fault.REPEATED:
            call(parameters)
            return call(parameters)
        case Fault.CRASH_BEFORE:
            raise Crash
        case Fault.CRASH_AFTER:
            call(parameters)
            raise Crash


def _cancelled(parameters: Any, code: str) -> ClientError:
    """The first item is to blame, the others are not."""
    reasons = [{"Code": "None"} for _ in parameters["TransactItems"]]
    reasons[0] = {"Code": code, "Message": "slow down"}
    error = {"Code": "TransactionCanceledException", "Message": f"[{code}]"}
    return ClientError({"Error": error, "CancellationReasons": reasons}, "TransactWriteItems")  # type: ignore[typeddict-unknown-key]


def _but_for_the_last(parameters: Any, call: Call) -> Any:
    table, asked = next(iter(parameters["RequestItems"].items()))
    *keys, last = asked["Keys"]
    answer = {"Responses": {table: []}}
    if keys:
        answer = call({**parameters, "RequestItems": {table: {**asked, "Keys": keys}}})
    return {**answer, "UnprocessedKeys": {table: {**asked, "Keys": [last]}}}
