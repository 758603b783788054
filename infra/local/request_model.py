"""What AWS's own description of an API says of a request: a lenient fake would hide the faults of our calls."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import Shape, StringShape, StructureShape
from botocore.session import get_session
from botocore.validate import ParamValidator

# Python's expressions know no properties of Unicode: these let a little more through.
PROPERTIES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s", r"\p{Alnum}": r"\w"}


def request_faults(service: str, operation: str, request: Mapping[str, Any]) -> list[str]:
    """What is wrong with it: names, types, members missing, lengths, ranges, patterns and values to choose from."""
    shape = _model(service).operation_model(operation).input_shape
    faults = ParamValidator().validate(request, shape)
    # The client checks no more than these, and the service everything.
    if faults.has_errors():
        report: str = faults.generate_report()
        return report.splitlines()
    return list(_faults(request, shape, ""))


@cache
def _model(service: str) -> Any:
    return get_session().get_service_model(service)


def _faults(value: Any, shape: Shape, path: str) -> Iterator[str]:
    most = shape.metadata.get("max")
    if most is not None and _size(value) > most:
        yield f"Value at '{path}' failed to satisfy constraint: Member must be at most {most}"
    if isinstance(shape, StringShape):
        yield from _text_faults(value, shape, path)
    elif isinstance(shape, StructureShape):
        for name, member in value.items():
            yield from _faults(member, shape.members[name], f"{path}.{name}" if path else name)
    elif shape.type_name == "list":
        for number, member in enumerate(value):
            yield from _faults(member, shape.member, f"{path}[{number}]")  # type: ignore[attr-defined]
    elif shape.type_name == "map":
        for name, member in value.items():
            yield from _faults(name, shape.key, f"{path}.key")  # type: ignore[attr-defined]
            yield from _faults(member, shape.value, f"{path}.{name}")  # type: ignore[attr-defined]


def _size(value: Any) -> float:
    """A number, or how long something is."""
    return float(value) if isinstance(value, int | float) else len(value)


def _text_faults(value: str, shape: StringShape, path: str) -> Iterator[str]:
    pattern = shape.metadata.get("pattern")
    if pattern and not compiled(pattern).fullmatch(value):
        yield (
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )
    if shape.enum and value not in shape.enum:
        yield f"Value '{value}' at '{path}' failed to satisfy constraint: Member must satisfy enum value set"


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    for theirs, ours in PROPERTIES.items():
        pattern = pattern.replace(theirs, ours)
    return re.compile(pattern)
