"""Times contestants on one frame, in turn, so that whatever else the machine does meets all of them alike."""

import time
from collections.abc import Sequence

from tests.bench.contestants import Process
from tests.bench.rows import Passes

_VISIT_SECONDS = 0.1
"""A visit lasts at least as long, so that a fast contestant is not only measured on caches that a slow one left."""


def interleave(
    contestants: Sequence[Process], jpeg: bytes, seconds: float, least: int = 3
) -> dict[str, Passes]:
    """Each contestant's passes, by label: rounds of one visit each, until `seconds` have passed, and `least` at least.

    A first round warms up and does not count.
    """
    passes: dict[str, list[Passes]] = {each.label: [] for each in contestants}
    for each in contestants:
        each.passes(jpeg, 0)
    end = time.monotonic() + seconds
    rounds = 0
    while rounds < least or time.monotonic() < end:
        for each in contestants:
            passes[each.label].append(each.passes(jpeg, _VISIT_SECONDS))
        rounds += 1
    return {label: [one for visit in visits for one in visit] for label, visits in passes.items()}
