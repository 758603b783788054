"""Rules call their functions as EventBridge does."""

import re
from typing import Any

import pytest

from infra.local.functions import Function
from infra.local.poller import Duplicates
from infra.local.schedule import Schedule, rate_seconds


@pytest.mark.parametrize(
    ("expression", "seconds"), [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200)]
)
def test_a_rate_is_read(expression: str, seconds: int) -> None:
    assert rate_seconds(expression) == seconds


def test_a_schedule_that_cannot_be_played_is_told() -> None:
    with pytest.raises(ValueError, match="cron"):
        rate_seconds("cron(0 8 * * ? *)")


def test_a_tick_has_the_form_of_a_scheduled_event() -> None:
    events: list[Any] = []
    assert Schedule("MinuteTick", Function("on_due", lambda event, _: events.append(event)), 60).tick()
    event = events[0]
    assert (event["detail-type"], event["source"], event["detail"]) == ("Scheduled Event", "aws.events", {})
    assert event["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/MinuteTick"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
    assert event.keys() >= {"version", "id", "account", "region"}


def test_a_tick_that_comes_twice_is_the_same_event() -> None:
    ids: list[str] = []
    schedule = Schedule(
        "r", Function("on_due", lambda event, _: ids.append(event["id"])), 60, duplicates=Duplicates(1)
    )
    schedule.tick()
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_tick_that_fails_does_not_end_the_schedule(eventually: Any) -> None:
    calls: list[Any] = []

    def handler(event: Any, _context: Any) -> None:
        calls.append(event)
        raise RuntimeError("not today")

    schedule = Schedule("r", Function("on_due", handler), 0.01)
    schedule.start()
    eventually(lambda: len(calls) >= 3)
    schedule.stop()
    schedule.join()
