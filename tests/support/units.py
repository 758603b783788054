"""Count what an operation asks of AWS: requests by kind, and DynamoDB's request units by its rules.

moto reports no true consumption, so units are computed from the items themselves (moto holds them in this process):
a strong read is 1 unit for each 4 KB begun, an eventual one half of it; a query rounds the sum of what it looked at, a
get each item, and what is not found costs the least; a write is 1 unit for each KB begun of the larger of the item
before and after, twice that in a transaction, checks included; each index writes by itself what is projected into it,
deleting and putting if its key changes. A refused write costs what it would have replaced.

Approximate: numbers are taken for half a byte a digit and one more, index overheads are left out, a transaction that
is refused costs as one that is not. Not counted: what Lambda receives from queues and what S3 sends to them (one
message for each upload), tries that botocore repeats, requests to Lambda and the gateway themselves.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from math import ceil
from typing import Any
from unittest import mock

from botocore.client import BaseClient

from infra.resources import load_template

Item = Mapping[str, Any]
Call = Any

READ_BYTES, WRITE_BYTES = 4096, 1024
WRITES = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}
NARROWING = ("FilterExpression", "ProjectionExpression", "Select")


@dataclass
class Count:
    """Of one operation."""

    requests: Counter[str] = field(default_factory=Counter)
    read_units: float = 0
    write_units: float = 0
    counting: bool = True

    def of(self, service: str) -> int:
        return sum(number for name, number in self.requests.items() if name.startswith(f"{service}:"))


@contextmanager
def counted() -> Iterator[Count]:
    count = Count()
    call = BaseClient._make_api_call

    def observed(client: Any, operation: str, parameters: Any) -> Any:
        if not count.counting:
            return call(client, operation, parameters)
        service = client.meta.service_model.service_name
        count.requests[f"{service}:{operation}"] += 1
        if service != "dynamodb":
            return call(client, operation, parameters)
        return _units(count, lambda name, given: call(client, name, given), operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", observed):
        yield count


@contextmanager
def uncounted(count: Count) -> Iterator[None]:
    """What is counted elsewhere."""
    before, count.counting = count.counting, False
    try:
        yield
    finally:
        count.counting = before


def size(item: Item | None) -> int:
    """In bytes, names included, of an item as DynamoDB's JSON."""
    return sum(len(name.encode()) + _size_of(value) for name, value in (item or {}).items())


def _size_of(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    if kind == "N":
        return len(held.strip("-").replace(".", "")) // 2 + 2
    if kind == "L":
        return 3 + sum(1 + _size_of(each) for each in held)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _size_of(each) for name, each in held.items())
    if kind in ("SS", "NS", "BS"):
        return sum(len(each) if kind != "NS" else len(each) // 2 + 2 for each in held)
    if kind == "S":
        return len(held.encode())
    return len(held) if kind == "B" else 1


def _units(count: Count, call: Call, operation: str, given: Any) -> Any:
    if operation in WRITES:
        return _written(count, call, operation, given, [(given, 1)])
    if operation == "TransactWriteItems":
        inner = [next(iter(action.values())) for action in given["TransactItems"]]
        return _written(count, call, operation, given, [(each, 2) for each in inner])
    if operation == "BatchWriteItem":
        inner = [
            {"TableName": table, **next(iter(request.values()))}
            for table, requests in given["RequestItems"].items()
            for request in requests
        ]
        return _written(count, call, operation, given, [(each, 1) for each in inner])
    answer = call(operation, given)
    count.read_units += _read(call, operation, given, answer)
    return answer


def _read(call: Call, operation: str, given: Any, answer: Any) -> float:
    if operation == "GetItem":
        return _blocks(size(answer.get("Item"))) * _strength(given)
    if operation == "BatchGetItem":
        return sum(
            _strength(asked)
            * sum(
                _blocks(size(item))
                for item in [
                    *answer["Responses"].get(table, ()),
                    *[None] * (len(asked["Keys"]) - len(answer["Responses"].get(table, ()))),
                ]
            )
            for table, asked in given["RequestItems"].items()
        )
    if operation in ("Query", "Scan"):
        items = answer["Items"]
        if any(name in given for name in NARROWING):  # what was looked at counts, not what was answered
            items = call(operation, _unnarrowed(given))["Items"]
        return _blocks(sum(map(size, items))) * _strength(given)
    raise NotImplementedError(operation)


def _unnarrowed(given: Any) -> Any:
    """The same key condition without what narrows its answer, and without the names and values only that used."""
    kept = {key: value for key, value in given.items() if key not in NARROWING}
    condition = kept.get("KeyConditionExpression", "")
    for key in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        used = {name: value for name, value in kept.pop(key, {}).items() if name in condition}
        if used:
            kept[key] = used
    return kept


def _blocks(size_bytes: int) -> int:
    return max(1, ceil(size_bytes / READ_BYTES))


def _strength(given: Any) -> float:
    return 1 if given.get("ConsistentRead") else 0.5


def _written(count: Count, call: Call, operation: str, given: Any, writes: list[tuple[Any, int]]) -> Any:
    stored = [_stored(call, write) for write, _ in writes]
    try:
        return call(operation, given)
    finally:
        for before, (write, factor) in zip(stored, writes, strict=True):
            after = _stored(call, write)
            largest = max(size(before), size(after), size(write.get("Item")))
            count.write_units += factor * max(1, ceil(largest / WRITE_BYTES))
            count.write_units += _index_units(write["TableName"], before, after)


def _stored(call: Call, write: Any) -> Item | None:
    table = _schema()[_suffix(write["TableName"])]
    item = write.get("Key") or write["Item"]
    key = {name: item[name] for name in table.key}
    answer = call("GetItem", {"TableName": write["TableName"], "Key": key, "ConsistentRead": True})
    found: Item | None = answer.get("Item")
    return found


def _index_units(table_name: str, before: Item | None, after: Item | None) -> int:
    table = _schema()[_suffix(table_name)]
    return sum(_index_write(table, index, before, after) for index in table.indexes)


def _index_write(table: "_Table", index: "_Index", before: Item | None, after: Item | None) -> int:
    old, new = index.entry(table, before), index.entry(table, after)
    if old == new:
        return 0
    units = [max(1, ceil(size(entry) / WRITE_BYTES)) for entry in (old, new) if entry is not None]
    if old is None or new is None:
        return units[0]
    return sum(units) if any(old[name] != new[name] for name in index.key) else max(units)


@dataclass(frozen=True)
class _Index:
    key: tuple[str, ...]
    projected: frozenset[str] | None  # None: everything

    def entry(self, table: "_Table", item: Item | None) -> Item | None:
        """Sparse: an item without the index's key has none."""
        if item is None or not all(name in item for name in self.key):
            return None
        if self.projected is None:
            return item
        kept = self.projected.union(self.key, table.key)
        return {name: value for name, value in item.items() if name in kept}


@dataclass(frozen=True)
class _Table:
    key: tuple[str, ...]
    indexes: tuple[_Index, ...]


@cache
def _schema() -> Mapping[str, _Table]:
    tables = {}
    for resource in load_template()["Resources"].values():
        if resource["Type"] != "AWS::DynamoDB::Table":
            continue
        properties = resource["Properties"]
        name = properties["TableName"]["Fn::Sub"].removeprefix("${Prefix}-")
        indexes = tuple(map(_index, properties.get("GlobalSecondaryIndexes", ())))
        tables[name] = _Table(_names(properties["KeySchema"]), indexes)
    return tables


def _index(given: Any) -> _Index:
    projection = given["Projection"]
    if projection["ProjectionType"] == "ALL":
        return _Index(_names(given["KeySchema"]), None)
    return _Index(_names(given["KeySchema"]), frozenset(projection.get("NonKeyAttributes", ())))


def _names(key_schema: Any) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in key_schema)


def _suffix(table_name: str) -> str:
    return table_name.partition("-")[2]
