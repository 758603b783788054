"""External ids: what other systems call a person or a course, at most one id in each system."""

import re
from collections.abc import Mapping

from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.names import is_visible, tidy

SYSTEM = re.compile(r"[a-z][a-z0-9_]{0,30}")
OURS = frozenset({"person", "course"})  # person_id and course_id are this system's own
LONGEST_ID = 128
MOST_SYSTEMS = 10

ExternalId = tuple[str, str]
"""A system and the id in it."""


def external_id(system: str, value: str) -> ExternalId:
    """Both as they are kept. Raises InvalidRequest."""
    if not SYSTEM.fullmatch(system) or system in OURS:
        raise InvalidRequest(
            f"{system!r} is no name of a system: small letters, digits and _, as in `moodle`."
        )
    value = tidy(value)
    if not value or len(value) > LONGEST_ID or not is_visible(value):
        raise InvalidRequest(f"An id in {system} has 1 to {LONGEST_ID} visible characters.")
    return system, value


def with_changes(current: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """The ids after the changes; None takes an id away. Raises InvalidRequest."""
    changed = dict(current)
    for system, value in changes.items():
        if value is None:
            changed.pop(system, None)
        else:
            changed.update([external_id(system, value)])
    if len(changed) > MOST_SYSTEMS:
        raise InvalidRequest(f"At most {MOST_SYSTEMS} systems know a person or a course.")
    return changed
