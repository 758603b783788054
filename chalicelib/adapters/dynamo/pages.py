"""Pages: DynamoDB's last evaluated key as an opaque cursor."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, TypeVar

from pynamodb.expressions.condition import Condition
from pynamodb.pagination import ResultIterator

from chalicelib.domain.errors import InvalidRequest
from chalicelib.services.ports import Page

Item = TypeVar("Item")


def read_page(
    query: Callable[..., ResultIterator[Any]],
    hash_key: str,
    to_item: Callable[[Any], Item],
    limit: int,
    cursor: str | None,
    *,
    keys: tuple[str, ...],
    range_: Condition | None = None,
    filter_: Condition | None = None,
    newest_first: bool = False,
) -> Page[Item]:
    """One page of an index, oldest first unless told otherwise. `keys`: the index's hash and range, then the table's.
    `range_` narrows it; `filter_` passes over items, which are read all the same.

    Raises InvalidRequest for a cursor that this list did not give out.
    """
    start = None if cursor is None else _start(cursor, keys, hash_key)
    records = query(
        hash_key,
        range_,
        filter_,
        limit=limit,
        page_size=limit,
        last_evaluated_key=start,
        scan_index_forward=not newest_first,
    )
    items = tuple(to_item(record) for record in records)
    key = records.last_evaluated_key
    return Page(items, None if key is None else _encode(key))


def _start(cursor: str, keys: tuple[str, ...], hash_key: str) -> dict[str, dict[str, str]]:
    """DynamoDB would refuse a foreign key with an error that looks like ours: it is checked here."""
    key = _decode(cursor)
    fits = isinstance(key, dict) and set(key) == set(keys) and all(map(_is_text, key.values()))
    if not fits or key[keys[0]] != {"S": hash_key}:
        raise InvalidRequest("The cursor is not one that this list gave out.")
    return key  # type: ignore[no-any-return]


def _encode(key: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, sort_keys=True).encode()).decode().rstrip("=")


def _decode(cursor: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None


def _is_text(value: object) -> bool:
    return (
        isinstance(value, dict) and list(value) == ["S"] and isinstance(value["S"], str) and value["S"] != ""
    )
