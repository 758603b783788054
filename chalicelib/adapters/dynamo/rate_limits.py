"""Rate limits in DynamoDB: one counter for each key and window, in the access table, gone when its time is over."""

from datetime import UTC, datetime, timedelta

from chalicelib.adapters.dynamo.records import RateRecord
from chalicelib.adapters.dynamo.transactions import conditional
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import TooManyRequests
from chalicelib.settings import COUNTER_DAYS


class DynamoRateLimits:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def take(self, key: str, limit: int, window_seconds: int) -> None:
        """A counter at its limit is not written any more: a flood costs no more than its refusals.

        When DynamoDB's reply is lost the write is sent again and counts twice, on the safe side.
        """
        now = int(self._clock().timestamp())
        ends = now - now % window_seconds + window_seconds
        expires_at = datetime.fromtimestamp(ends, UTC) + timedelta(
            days=COUNTER_DAYS
        )  # well after any clock's idea of the end
        record = RateRecord(f"rate#{key}#{window_seconds}#{ends}")
        conditional(
            lambda: record.update(
                actions=[RateRecord.taken.add(1), RateRecord.expires_at.set(expires_at)],
                condition=RateRecord.taken.does_not_exist() | (RateRecord.taken < limit),
            ),
            TooManyRequests(f"Only {limit} in {_in_words(window_seconds)}.", retry_after_seconds=ends - now),
        )


def _in_words(seconds: int) -> str:
    named = {60: "a minute", 3600: "an hour", 86_400: "a day"}
    return named.get(seconds, f"{seconds} seconds")
