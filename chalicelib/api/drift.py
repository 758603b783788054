"""/v1/reports/drift and /v1/courses/…/drift: whether the model in service still sees what is expected of it."""

from datetime import date
from typing import Annotated

from chalice.app import Response
from pydantic import Field, StringConstraints

from chalicelib import wiring
from chalicelib.api.drift_plot import drift_plot
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Routes
from chalicelib.api.schemas import Id, Out, Query
from chalicelib.domain.clock import utc_now
from chalicelib.domain.drift import (
    EDGES,
    FURTHEST,
    Baseline,
    Expected,
    Tally,
    TallyOf,
    has_drifted,
    shares_of,
    stability,
)
from chalicelib.services.report_drift import DriftReport, report_drift

drift = Routes(__name__)

SVG = "image/svg+xml"
OUR_EDGES = (-FURTHEST, *EDGES, FURTHEST)
ModelId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~-]{1,128}$")]


class CourseDriftQuery(Query):
    """`days`: so many, today included. `model_id`: another than the one in service."""

    days: Annotated[int, Field(ge=1, le=31)] = 14
    model_id: ModelId | None = None


class DriftQuery(CourseDriftQuery):
    """`course_id`: of one course alone."""

    course_id: Id | None = None


class ExpectedOut(Out):
    """`shares` of faces by how far their score is above the threshold, between `edges`; all beyond is in the first and
    the last. `first_faces`: what the model saw in its first days here, `until` the last of them; `report`: what its
    test led to expect.
    """

    baseline: Baseline
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    review_rate: float | None
    failure_to_acquire: float | None
    until: date | None

    @classmethod
    def of(cls, expected: Expected | None) -> "ExpectedOut | None":
        return None if expected is None else cls.model_validate(vars(expected))


class SeenOut(Out):
    """`frames` in which something could have been seen, `failure_to_acquire` the part without a face good enough.

    `shares` as in what is expected, or between the answer's `edges`. `stability`: the population stability index, of a
    thousand faces at least; above 0.25 it has `drifted`.
    """

    frames: int
    faces: int
    accepted: int
    review: int
    unknown: int
    review_rate: float | None
    failure_to_acquire: float | None
    shares: tuple[float, ...]
    stability: float | None
    drifted: bool

    @classmethod
    def figures(cls, tally: Tally, expected: Expected | None) -> dict[str, object]:
        edges = OUR_EDGES if expected is None else expected.edges
        index = None if expected is None else stability(tally, expected)
        return {
            "frames": tally.frames,
            "faces": tally.faces,
            "accepted": tally.accepted,
            "review": tally.review,
            "unknown": tally.unknown,
            "review_rate": _rounded(tally.review_rate),
            "failure_to_acquire": _rounded(tally.failure_to_acquire),
            "shares": tuple(round(share, 4) for share in shares_of(tally, edges)),
            "stability": _rounded(index),
            "drifted": has_drifted(tally, expected),
        }


class CourseDayOut(SeenOut):
    """One course's day, which is UTC's."""

    course_id: str
    day: date

    @classmethod
    def of(cls, each: TallyOf, expected: Expected | None) -> "CourseDayOut":
        figures = cls.figures(each.tally, expected)
        return cls.model_validate({"course_id": each.course_id, "day": each.day, **figures})


class DriftOut(Out):
    """`baseline`: what the verdict is by, as `expected`; null if nothing is known of it yet. `tested`: what the model's
    test led to expect, in any case. `together`: of the days from `since` on, which are judged; `items` of all.
    """

    model_id: str | None
    baseline: Baseline | None
    edges: tuple[float, ...]
    expected: ExpectedOut | None
    tested: ExpectedOut | None
    since: date
    together: SeenOut
    items: tuple[CourseDayOut, ...]

    @classmethod
    def of(cls, report: DriftReport) -> "DriftOut":
        expected = report.expected
        return cls(
            model_id=report.model_id,
            baseline=None if expected is None else expected.baseline,
            edges=OUR_EDGES if expected is None else expected.edges,
            expected=ExpectedOut.of(expected),
            tested=ExpectedOut.of(report.tested),
            since=report.since,
            together=SeenOut.model_validate(SeenOut.figures(report.seen, expected)),
            items=tuple(CourseDayOut.of(each, expected) for each in report.tallies),
        )


@drift.route("GET", "/v1/reports/drift")
def get_drift(_: ApiRequest, query: DriftQuery) -> DriftOut:
    """Compare what the model sees with what is expected of it, by course and day."""
    return DriftOut.of(_report(query, query.course_id))


@drift.route("GET", "/v1/reports/drift.svg", also=[SVG])
def get_drift_plot(_: ApiRequest, query: DriftQuery) -> Response:
    """The same as a picture: scores beside what is expected, and each day's rates."""
    return Response(drift_plot(_report(query, query.course_id)), headers={"Content-Type": SVG})


@drift.route("GET", "/v1/courses/{course_id}/drift")
def get_course_drift(_: ApiRequest, course_id: str, query: CourseDriftQuery) -> DriftOut:
    """Compare what the model sees in a course with what is expected of it, by day."""
    return DriftOut.of(_report(query, wiring.courses().get(course_id).course_id))


def _report(query: CourseDriftQuery, course_id: str | None) -> DriftReport:
    in_service = wiring.models().in_service()
    return report_drift(
        query.model_id or (None if in_service is None else in_service.model_id),
        utc_now().date(),
        query.days,
        tallies=wiring.tallies(),
        media=wiring.media(),
        course_id=course_id,
    )


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)
