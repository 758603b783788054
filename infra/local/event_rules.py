"""EventBridge's part for what AWS services tell: which functions a rule's pattern lets an event through to."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import Any

from infra.local.functions import Function, FunctionFailed, Functions
from infra.local.poller import Duplicates, Handled
from infra.local.resources import Resources, TemplateNotPlayable

RETRIES_AFTER_SECONDS = (1.0, 2.0)  # Lambda waits for one minute, then for two, and then gives up

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EventRule:
    """One rule and one function that it calls."""

    name: str
    pattern: Mapping[str, Any]
    function: Function

    def __post_init__(self) -> None:
        """Raises TemplateNotPlayable: a pattern half understood would let the wrong events through."""
        _check(self.name, self.pattern)

    def lets_through(self, event: Mapping[str, Any]) -> bool:
        return _matches(self.pattern, event)


def event_rules(resources: Resources, functions: Functions) -> Iterator[EventRule]:
    """Every rule of the template that waits for events."""
    for name, properties in resources.of_type("AWS::Events::Rule").items():
        if "EventPattern" not in properties:
            continue
        pattern = resources.resolved(properties["EventPattern"])
        for target in properties["Targets"]:
            yield EventRule(name, pattern, functions.of_resource(target["Arn"]["Fn::GetAtt"][0]))


class EventRules:
    """Tells functions of events, as EventBridge and Lambda do: at least once, and again if a function fails."""

    def __init__(
        self,
        rules: Sequence[EventRule],
        *,
        duplicates: Duplicates | None = None,
        on_handled: Callable[[Handled], None] = lambda _: None,
        retries_after_seconds: Sequence[float] = RETRIES_AFTER_SECONDS,
    ) -> None:
        self._rules = rules
        self._duplicates = duplicates or Duplicates()
        self._on_handled = on_handled
        self._retries_after_seconds = retries_after_seconds
        self._stopping = Event()

    def tell(self, event: Mapping[str, Any]) -> None:
        """Every function whose rule lets the event through; returns when all were called."""
        for rule in self._rules:
            if rule.lets_through(event):
                self._call(rule.function, event)

    def stop(self) -> None:
        """Try no more: whoever waits to call again gives up."""
        self._stopping.set()

    def _call(self, function: Function, event: Mapping[str, Any]) -> None:
        started = monotonic()
        twice = self._duplicates.due()
        succeeded = all(self._tried(function, event) for _ in range(2 if twice else 1))
        self._on_handled(Handled(function.name, 1, 0 if succeeded else 1, monotonic() - started, twice=twice))

    def _tried(self, function: Function, event: Mapping[str, Any]) -> bool:
        """Whether one of the tries succeeded."""
        for wait_seconds in (0.0, *self._retries_after_seconds):
            if self._stopping.wait(wait_seconds):
                return False
            try:
                function.invoke(event)
            except FunctionFailed:  # logged where it was raised
                continue
            return True
        log.error("%s was told of an event in vain", function.name)
        return False


def _check(rule: str, pattern: Any) -> None:
    if not isinstance(pattern, Mapping) or not pattern:
        raise TemplateNotPlayable(f"{rule}: {pattern!r} is no pattern.")
    for name, expected in pattern.items():
        if name.startswith("$") or not isinstance(expected, Mapping | list):
            raise TemplateNotPlayable(f"{rule}: the local stack cannot match {name}: {expected!r}.")
        if isinstance(expected, Mapping):
            _check(rule, expected)
        elif not expected or not all(map(_playable, expected)):
            raise TemplateNotPlayable(f"{rule}: the local stack cannot match {name}: {expected!r}.")


def _playable(wanted: Any) -> bool:
    """A value that must be equal, or a prefix of a text."""
    if isinstance(wanted, Mapping):
        return set(wanted) == {"prefix"} and isinstance(wanted["prefix"], str)
    return wanted is None or isinstance(wanted, str | int | float)


def _matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Every field that the pattern names is there and has one of the values named."""
    if not isinstance(event, Mapping):
        return False
    return all(
        name in event
        and (
            _matches(expected, event[name]) if isinstance(expected, Mapping) else _any(expected, event[name])
        )
        for name, expected in pattern.items()
    )


def _any(wanted: Sequence[Any], value: Any) -> bool:
    """Of a list in the event one element is enough."""
    values = value if isinstance(value, list) else [value]
    return any(_equals(one, each) for one in wanted for each in values)


def _equals(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, Mapping):
        return isinstance(value, str) and value.startswith(wanted["prefix"])
    return type(wanted) is type(value) and bool(wanted == value)
