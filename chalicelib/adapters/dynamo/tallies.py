"""Tallies in DynamoDB: an item for each course, day and model, added to with each frame; a day is one partition."""

from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, date, datetime, time

from chalicelib.adapters.dynamo.lifetimes import Lifetime
from chalicelib.adapters.dynamo.records import (
    BASELINE,
    BINS_OF_EXCESS,
    CHECKED,
    TALLY,
    BaselineRecord,
    DriftCheckRecord,
    TallyRecord,
)
from chalicelib.adapters.dynamo.transactions import conditional
from chalicelib.domain.drift import COUNTED, Baseline, Expected, Tally, TallyOf


class _WrittenError(Exception):
    """The model has a baseline."""


class DynamoTallies:
    def __init__(self, lifetime: Lifetime) -> None:
        self._lifetime = lifetime

    def add(self, tally: TallyOf) -> None:
        """When DynamoDB's reply is lost the write is sent again, and counts twice."""
        counted = {name: getattr(tally.tally, name) for name in COUNTED}
        counted |= dict(zip(BINS_OF_EXCESS, tally.tally.excess, strict=True))
        actions = [getattr(TallyRecord, name).add(number) for name, number in counted.items() if number]
        record = TallyRecord(TALLY + tally.day.isoformat(), f"{TALLY}{tally.course_id}#{tally.model_id}")
        ends = self._end(tally.day)
        record.update(actions=actions if ends is None else [*actions, TallyRecord.kept_until.set(ends)])

    def of_day(self, day: date, course_id: str | None = None) -> tuple[TallyOf, ...]:
        prefix = TALLY if course_id is None else f"{TALLY}{course_id}#"
        going_on = self._lifetime.going_on(TallyRecord)
        found = TallyRecord.query(TALLY + day.isoformat(), TallyRecord.sk.startswith(prefix), going_on)
        return tuple(_tally(record, day) for record in found)

    def baseline(self, model_id: str) -> Expected | None:
        try:
            stored = BaselineRecord.get(BASELINE, model_id).expected
        except BaselineRecord.DoesNotExist:
            return None
        return Expected(
            Baseline(stored["baseline"]),
            tuple(stored["edges"]),
            tuple(stored["shares"]),
            stored["review_rate"],
            stored["failure_to_acquire"],
            date.fromisoformat(stored["until"]),
        )

    def set_baseline(self, model_id: str, expected: Expected) -> None:
        until = None if expected.until is None else expected.until.isoformat()
        record = BaselineRecord(BASELINE, model_id, expected={**asdict(expected), "until": until})
        with suppress(_WrittenError):
            conditional(lambda: record.save(BaselineRecord.sk.does_not_exist()), _WrittenError())

    def is_checked(self, day: date) -> bool:
        with suppress(DriftCheckRecord.DoesNotExist):
            return DriftCheckRecord.get(TALLY + day.isoformat(), CHECKED) is not None
        return False

    def set_checked(self, day: date) -> None:
        DriftCheckRecord(TALLY + day.isoformat(), kept_until=self._end(day)).save()

    def _end(self, day: date) -> datetime | None:
        return self._lifetime.end(datetime.combine(day, time(), UTC))


def _tally(record: TallyRecord, day: date) -> TallyOf:
    _, course_id, model_id = record.sk.split("#", 2)
    tally = Tally(
        **{name: int(getattr(record, name)) for name in COUNTED},
        excess=tuple(int(getattr(record, name)) for name in BINS_OF_EXCESS),
    )
    return TallyOf(course_id, day, model_id, tally)
