"""Check drift once a day: whether the model in service still sees what it saw in its first days here."""

from collections.abc import Callable
from datetime import datetime, timedelta

from chalicelib.domain.drift import first_faces
from chalicelib.services.ports import Media, Models, Tallies
from chalicelib.services.report_drift import DriftReport, report_drift

DAYS = 7
"""A week has every course; today is not over."""


def check_drift(
    now: datetime,
    *,
    models: Models,
    tallies: Tallies,
    media: Media,
    drifted: Callable[[DriftReport], None],
) -> DriftReport | None:
    """What was found, the first time of a day that it is called; None at other times, or with no model in service.

    `drifted` is told before the day is noted as checked, so it may be told twice, never not at all.
    """
    today = now.date()
    if tallies.is_checked(today):
        return None
    report = None
    in_service = models.in_service()
    if in_service is not None:
        model_id = in_service.model_id
        report = report_drift(model_id, today - timedelta(days=1), DAYS, tallies=tallies, media=media)
        if tallies.baseline(model_id) is None:
            baseline = first_faces(report.tallies)
            if baseline is not None:
                tallies.set_baseline(model_id, baseline)
        elif report.has_drifted:
            drifted(report)
    tallies.set_checked(today)
    return report
