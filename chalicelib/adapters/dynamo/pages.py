"""Pages: DynamoDB's last evaluated key as an opaque cursor."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, TypeVar

from pynamodb.exceptions import QueryError
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
) -> Page[Item]:
    """One page of a query, oldest first. Raises InvalidRequest for a cursor that we did not give out."""
    start = None if cursor is None else _decode(cursor)
    records = query(hash_key, limit=limit, page_size=limit, last_evaluated_key=start)
    try:
        items = tuple(to_item(record) for record in records)
    except QueryError as error:
        if cursor is not None and error.cause_response_code == "ValidationException":
            raise InvalidRequest("The cursor is not one that this list gave out.") from error
        raise
    key = records.last_evaluated_key
    return Page(items, None if key is None else _encode(key))


def _encode(key: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, sort_keys=True).encode()).decode().rstrip("=")


def _decode(cursor: str) -> dict[str, dict[str, str]]:
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest("The cursor is not one that this list gave out.") from error
    if not isinstance(key, dict) or not all(_is_attribute(value) for value in key.values()):
        raise InvalidRequest("The cursor is not one that this list gave out.")
    return key


def _is_attribute(value: object) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("S"), str)
