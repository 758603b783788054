"""What AWS does to a request now and then: conflicts, throttling, lost replies, half a batch, the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any
from unittest import mock

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.support.crashes import WRITES, Crash, conflict


class Fault(StrEnum):
    CONFLICT = "conflict"  # another transaction holds the item: nothing was done
    THROTTLED = "throttled"  # and botocore's own tries are used up
    TWICE = "twice"  # the reply was lost, and botocore sent the same write again
    UNPROCESSED = "unprocessed"  # a batch of reads that answers one of its keys only
    ENDS_BEFORE = "ends before"  # the process ends before the write
    ENDS_AFTER = "ends after"  # or after it, so that nobody learns of it


@contextmanager
def befalling(fault: Fault, at: int) -> Iterator[None]:
    """The fault meets the `at`-th request (from 1) of those that it can meet."""
    call = BaseClient._make_api_call
    left = at

    def met(client: Any, operation: str, parameters: Any) -> Any:
        nonlocal left
        if not _can_meet(fault, operation, parameters):
            return call(client, operation, parameters)
        left -= 1
        if left:
            return call(client, operation, parameters)
        return _answer(fault, operation, parameters, lambda: call(client, operation, parameters))

    with mock.patch.object(BaseClient, "_make_api_call", met):
        yield


def _can_meet(fault: Fault, operation: str, parameters: Any) -> bool:
    if fault is Fault.UNPROCESSED:
        return operation == "BatchGetItem"
    if fault is Fault.THROTTLED:
        return "TableName" in parameters or operation == "TransactWriteItems"
    if fault is Fault.TWICE:
        # DynamoDB knows a transaction that is sent again by its token; the local one does not.
        return operation in ("PutItem", "UpdateItem", "DeleteItem")
    if fault is Fault.CONFLICT:
        return operation in ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
    return operation in WRITES


def _answer(fault: Fault, operation: str, parameters: Any, send: Any) -> Any:
    if fault is Fault.CONFLICT:
        raise conflict(operation)
    if fault is Fault.THROTTLED:
        raise _throttled(operation)
    if fault is Fault.ENDS_BEFORE:
        raise Crash
    if fault is Fault.UNPROCESSED:
        return _half(parameters, send)
    answer = send()
    if fault is Fault.ENDS_AFTER:
        raise Crash
    return send() if fault is Fault.TWICE else answer


def _throttled(operation: str) -> ClientError:
    code = "ProvisionedThroughputExceededException"
    if operation != "TransactWriteItems":
        return ClientError({"Error": {"Code": code, "Message": "slow down"}}, operation)
    error = {"Code": "TransactionCanceledException", "Message": "[ThrottlingError]"}
    reasons = [{"Code": "ThrottlingError", "Message": "slow down"}]
    return ClientError({"Error": error, "CancellationReasons": reasons}, operation)


def _half(parameters: Any, send: Any) -> Any:
    """Of each table one key is answered; the rest is to be asked for again."""
    asked = parameters["RequestItems"]
    rest = {
        table: {**keys, "Keys": keys["Keys"][1:]} for table, keys in asked.items() if len(keys["Keys"]) > 1
    }
    for keys in asked.values():
        keys["Keys"] = keys["Keys"][:1]
    return {**send(), "UnprocessedKeys": rest}
