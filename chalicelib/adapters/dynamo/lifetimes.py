"""How long items are kept: the moment that is written with them, and by which reads pass over those that are over it.

DynamoDB deletes an item up to some days after its time; until then it is there and is not told of.
"""

from datetime import datetime, timedelta
from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib.domain.clock import Clock


class Lifetime:
    """Of one kind of items. No days: until they are erased."""

    def __init__(self, clock: Clock, days: int) -> None:
        self._clock = clock
        self._lasts = timedelta(days=days)

    def end(self, start: datetime | None) -> datetime | None:
        """Counted from the start of what the item tells of; what has none, or was written before, has no end."""
        return start + self._lasts if start is not None and self._lasts else None

    def of_now(self) -> datetime | None:
        return self.end(self._clock())

    def is_over(self, record: Any) -> bool:
        return record.kept_until is not None and record.kept_until <= self._clock()

    def going_on(self, record: type[Any]) -> Condition:
        """What a query filters by."""
        condition: Condition = record.kept_until.does_not_exist() | (record.kept_until > self._clock())
        return condition
