"""Finish erasures that were cut off, and sweep those that are done once nothing from before them is under way."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.domain.erasure import Erasure
from chalicelib.domain.errors import Contention
from chalicelib.services.erase_person import Eraser, carry_on


def finish_erasures(
    now: datetime, *, eraser: Eraser, out_of_time: Callable[[], bool] = lambda: False
) -> tuple[Erasure, ...]:
    """Overlapping ticks are harmless. One that fails does not hold up the others: raises ExceptionGroup at the end."""
    finished, failures = [], []
    for person_id in eraser.erasures.due(now):
        erasure = eraser.erasures.get(person_id)
        if erasure is None or out_of_time():
            continue
        try:
            finished.append(carry_on(erasure, eraser, out_of_time))
        except Contention:
            continue
        except Exception as error:  # raised below, when the others have been served
            failures.append(error)
    if failures:
        raise ExceptionGroup("erasures could not be finished", failures)
    return tuple(finished)
