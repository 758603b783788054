"""Which route a path belongs to, as API Gateway decides it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Match:
    """`parameters` are still percent-encoded: a REST API hands path parameters on as they came."""

    route: str
    parameters: dict[str, str]


class Router:
    """Routes like /v1/people/{person_id}; a fixed segment wins over a parameter, from the left."""

    def __init__(self, routes: Iterable[str]) -> None:
        divided = [(route, _segments(route)) for route in routes]
        self._routes = sorted(divided, key=lambda item: [_is_parameter(segment) for segment in item[1]])

    def match(self, path: str) -> Match | None:
        segments = _segments(path)
        for route, pattern in self._routes:
            parameters = _captured(pattern, segments)
            if parameters is not None:
                return Match(route, parameters)
        return None


def _segments(path: str) -> list[str]:
    """API Gateway ignores one slash at the end."""
    return path.removesuffix("/").split("/")


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}")


def _captured(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    captured = {}
    for expected, given in zip(pattern, segments, strict=True):
        if _is_parameter(expected) and given:
            captured[expected[1:-1]] = given
        elif expected != given:
            return None
    return captured
