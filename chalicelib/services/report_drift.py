"""Report drift: what a model saw of late, by course and day, beside what is expected of it."""

import json
from dataclasses import dataclass
from datetime import date, timedelta

from chalicelib.domain.artefacts import KNOWN, REPORT
from chalicelib.domain.drift import Expected, Tally, TallyOf, expected_of, has_drifted, stability, total
from chalicelib.domain.models import file_of
from chalicelib.domain.templates import LEARNED
from chalicelib.services.ports import Media, Tallies


@dataclass(frozen=True)
class DriftReport:
    """`tallies`: of all days and courses asked for. `expected`: what the verdict is by; `tested`: what the model's test
    led to expect, if it was tested.

    `since`: the first of the days that are judged; those before are what is compared with.
    """

    model_id: str | None
    tallies: tuple[TallyOf, ...]
    expected: Expected | None
    tested: Expected | None
    since: date

    @property
    def seen(self) -> Tally:
        """Of the days that are judged."""
        return total(each for each in self.tallies if each.day >= self.since)

    @property
    def stability(self) -> float | None:
        return None if self.expected is None else stability(self.seen, self.expected)

    @property
    def has_drifted(self) -> bool:
        return has_drifted(self.seen, self.expected)


def report_drift(
    model_id: str | None,
    today: date,
    days: int,
    *,
    tallies: Tallies,
    media: Media,
    course_id: str | None = None,
) -> DriftReport:
    """Of the last days up to today.

    What a model saw in its first days here is what it is judged by, once that is enough: its test saw registrations,
    not classrooms, and says what to expect only until then. Of no model there is nothing to tell.
    """
    first = today - timedelta(days=days - 1)
    if model_id is None:
        return DriftReport(None, (), None, None, first)
    found = [
        each
        for day in (first + timedelta(days=after) for after in range(days))
        for each in tallies.of_day(day, course_id)
        if each.model_id == model_id
    ]
    tested = _tested(model_id, media)
    baseline = tallies.baseline(model_id)
    expected = baseline or tested
    until = None if expected is None else expected.until
    since = first if until is None else max(first, until + timedelta(days=1))
    return DriftReport(model_id, tuple(found), expected, tested, since)


def _tested(model_id: str, media: Media) -> Expected | None:
    """A pack as it was shipped was tested elsewhere, and has no report."""
    if LEARNED not in model_id:
        return None
    stored = media.get(file_of(model_id, REPORT), KNOWN[REPORT])
    return None if stored is None else expected_of(json.loads(stored))
