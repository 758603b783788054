"""Rules let the events through that their patterns name, and a function that fails is told again."""

from typing import Any

import pytest

from infra.local.event_rules import EventRule, EventRules
from infra.local.functions import Function
from infra.local.poller import Duplicates, Handled
from infra.local.resources import TemplateNotPlayable

OURS = {
    "source": ["aws.sagemaker"],
    "detail-type": ["SageMaker Training Job State Change"],
    "detail": {
        "TrainingJobName": [{"prefix": "rollcall-retrain-"}],
        "TrainingJobStatus": ["Completed", "Failed", "Stopped"],
    },
}


def state_change(
    name: str = "rollcall-retrain-1", status: Any = "Completed", **fields: Any
) -> dict[str, Any]:
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Training Job State Change",
        "detail": {"TrainingJobName": name, "TrainingJobStatus": status},
        **fields,
    }


def nothing(_event: Any, _context: Any) -> None:
    return None


@pytest.mark.parametrize(
    ("event", "through"),
    [
        (state_change(), True),
        (state_change(status="Stopped", more=1), True),
        (state_change(status=["InProgress", "Failed"]), True),
        (state_change(status="InProgress"), False),
        (state_change("another-retrain-1"), False),
        (state_change(source="aws.batch"), False),
        (state_change(detail="rollcall-retrain-1"), False),
        ({"source": "aws.sagemaker"}, False),
        ({**state_change(), "detail": {"TrainingJobName": 7, "TrainingJobStatus": "Failed"}}, False),
    ],
)
def test_a_pattern_lets_through_what_has_every_field_that_it_names(
    event: dict[str, Any], through: bool
) -> None:
    assert EventRule("Finished", OURS, Function("on", nothing)).lets_through(event) is through


@pytest.mark.parametrize("wanted", [[1], [None], [True]])
def test_a_value_equals_only_one_of_its_own_kind(wanted: list[Any]) -> None:
    rule = EventRule("r", {"n": wanted}, Function("on", nothing))
    assert rule.lets_through({"n": wanted[0]})
    assert not rule.lets_through({"n": str(wanted[0])})
    assert not rule.lets_through({"n": 0})


@pytest.mark.parametrize(
    "pattern",
    [
        {},
        {"source": []},
        {"source": "aws.sagemaker"},
        {"source": [{"suffix": "maker"}]},
        {"source": [{"prefix": "aws", "suffix": "maker"}]},
        {"source": [{"prefix": {"equals-ignore-case": "aws"}}]},
        {"source": [{"anything-but": ["aws.batch"]}]},
        {"source": [{"exists": True}]},
        {"detail": {"TrainingJobName": [["rollcall"]]}},
        {"detail": {}},
        {"$or": [{"source": ["aws.sagemaker"]}]},
    ],
)
def test_a_pattern_that_is_not_understood_whole_is_told(pattern: dict[str, Any]) -> None:
    with pytest.raises(TemplateNotPlayable, match="Finished"):
        EventRule("Finished", pattern, Function("on", nothing))


def test_every_function_whose_rule_matches_is_told_and_no_other() -> None:
    told: list[str] = []

    def rule(name: str, pattern: dict[str, Any]) -> EventRule:
        return EventRule(name, pattern, Function(name, lambda _event, _: told.append(name)))

    rules = EventRules(
        [
            rule("one", OURS),
            rule("two", {"source": ["aws.sagemaker"]}),
            rule("three", {"source": ["aws.batch"]}),
        ]
    )
    rules.tell(state_change())
    assert told == ["one", "two"]


def test_an_event_may_come_twice_and_is_then_the_same() -> None:
    told: list[Any] = []
    handled: list[Handled] = []
    rules = EventRules(
        [EventRule("r", OURS, Function("on", lambda event, _: told.append(event)))],
        duplicates=Duplicates(1),
        on_handled=handled.append,
    )
    rules.tell(state_change())
    assert told == [state_change()] * 2
    assert [(each.function, each.failed, each.twice) for each in handled] == [("on", 0, True)]


@pytest.mark.parametrize(("failures", "calls", "failed"), [(1, 2, 0), (2, 3, 0), (9, 3, 1)])
def test_a_function_that_fails_is_told_three_times_at_most(failures: int, calls: int, failed: int) -> None:
    tried: list[Any] = []
    handled: list[Handled] = []

    def handler(event: Any, _context: Any) -> None:
        tried.append(event)
        if len(tried) <= failures:
            raise RuntimeError("not today")

    rules = EventRules(
        [EventRule("r", OURS, Function("on", handler))],
        on_handled=handled.append,
        retries_after_seconds=(0.0, 0.0),
    )
    rules.tell(state_change())
    assert (len(tried), handled[0].failed) == (calls, failed)


def test_nobody_is_told_again_once_the_stack_ends() -> None:
    tried: list[Any] = []

    def handler(event: Any, _context: Any) -> None:
        tried.append(event)
        rules.stop()
        raise RuntimeError("not today")

    rules = EventRules([EventRule("r", OURS, Function("on", handler))], retries_after_seconds=(60.0,))
    rules.tell(state_change())
    assert len(tried) == 1
