"""What a model sees, by course and day, and whether that is what is expected of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from chalice.test import Client

import app as rollcall
from chalicelib import wiring
from chalicelib.adapters.dynamo.records import ModelRecord
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.drift import BINS, EDGES, LEAST_FACES, Baseline, Expected, Tally, TallyOf
from chalicelib.domain.quality import Condition, Reason
from chalicelib.domain.retraining import Cause
from chalicelib.domain.sightings import Decision
from chalicelib.events import retraining
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.services.check_drift import check_drift
from chalicelib.services.issue_token import issue_admin_token
from chalicelib.services.report_drift import DriftReport
from tests.api.conftest import Api
from tests.support.fakes import MARK, learned_model, picture
from tests.support.world import START, World, new_world

TODAY = datetime.now(UTC)
MODEL, FILES = learned_model()
USUAL, LOW = EDGES.index(0.01) + 1, EDGES.index(-0.01)


@pytest.fixture(scope="module")
def deployment() -> Iterator[World]:
    with new_world() as world:
        yield world


@pytest.fixture
def api(deployment: World) -> Iterator[Api]:
    deployment.begin_anew()
    wiring.reset()
    with Client(rollcall.app) as client:
        yield Api(deployment, client, issue_admin_token(access=wiring.access()))


def tally(faces: int, at: int = USUAL) -> Tally:
    excess = [0] * BINS
    excess[at] = faces
    return Tally(frames=faces // 10, accepted=faces, excess=tuple(excess))


def saw(course_id: str, days_ago: int, of: Tally, model_id: str = "fake-1") -> None:
    wiring.tallies().add(TallyOf(course_id, (TODAY - timedelta(days=days_ago)).date(), model_id, of))


def checked(now: datetime) -> tuple[DriftReport | None, list[DriftReport]]:
    drifted: list[DriftReport] = []
    report = check_drift(
        now,
        models=wiring.models(),
        tallies=wiring.tallies(),
        media=wiring.media(),
        drifted=drifted.append,
    )
    return report, drifted


def seen(api: Api, query: str = "") -> dict[str, Any]:
    answer = api.call("GET", f"/v1/reports/drift{query}")
    assert answer.status_code == 200, answer.body
    return answer.json_body


@pytest.fixture
def class_of_two(api: Api) -> tuple[str, str]:
    """A course and a session of it, in real time."""
    world = api.world
    world.now = TODAY
    course_id = world.add_course()
    for name in ("Ada", "Ben"):
        world.add_person(name, course_id=course_id)
        world.enrol(name)
    return course_id, world.open_session(course_id)


def test_frames_are_counted_once_by_course_day_and_model(api: Api, class_of_two: tuple[str, str]) -> None:
    course_id, session_id = class_of_two
    shown = (
        picture("Ada", "Ben", "nobody"),
        picture("Ada", decision=Decision.REVIEW, score=0.948, reasons=[Reason.BLURRED]),
        picture(),
        picture("Ada", conditions=[Condition.BLOCKED]),
        picture("Ada").split(MARK)[0],  # which cannot be read
    )
    for data in shown:
        frame = api.world.post_frame(session_id, data)
        for _ in range(2):
            on_frame_uploaded(api.world.event(frame.key), None)
    (item,) = seen(api)["items"]
    assert (item["course_id"], item["day"]) == (course_id, TODAY.date().isoformat())
    assert [item[name] for name in ("frames", "faces", "accepted", "review", "unknown")] == [3, 4, 2, 1, 1]
    assert (item["review_rate"], item["failure_to_acquire"]) == (0.25, pytest.approx(2 / 3, abs=1e-4))
    edges = seen(api)["edges"]
    told = {edges[place]: share for place, share in enumerate(item["shares"]) if share}
    assert told == {0.02: pytest.approx(2 / 3, abs=1e-4), -0.005: pytest.approx(1 / 3, abs=1e-4)}
    stored = json.dumps([each for each in api.world.dump("attendance")["attendance"] if "tally" in str(each)])
    assert not any(person_id in stored for person_id in api.world.people.values())
    assert frame.frame_id not in stored
    assert session_id not in stored


def test_before_there_is_a_model_there_is_nothing_to_tell(api: Api) -> None:
    answer = seen(api)
    assert (answer["model_id"], answer["baseline"], answer["items"]) == (None, None, [])
    assert answer["together"]["faces"] == 0


def test_of_many_days_and_courses_those_asked_for_are_told(api: Api) -> None:
    wiring.models().champion("fake-1")
    maths, music = api.world.add_course(), api.world.add_course("Music")
    for days_ago in (0, 3, 20):
        for course_id in (maths, music):
            saw(course_id, days_ago, tally(10))
    saw(maths, 0, tally(10), "fake-1~other")
    assert [each["course_id"] for each in seen(api)["items"]] == [maths, music] * 2
    assert len(seen(api, "?days=1")["items"]) == 2
    assert len(seen(api, "?days=31")["items"]) == 6
    assert [each["course_id"] for each in seen(api, f"?course_id={music}")["items"]] == [music] * 2
    assert len(seen(api, "?model_id=fake-1~other")["items"]) == 1
    assert seen(api, f"?days=31&course_id={maths}")["together"]["faces"] == 30
    for refused in ("?days=0", "?days=32", "?course_id=x", "?model_id=a/b"):
        assert api.call("GET", f"/v1/reports/drift{refused}").status_code == 400


def test_an_instructor_reads_the_drift_of_the_own_course_alone(api: Api) -> None:
    wiring.models().champion("fake-1")
    maths, music = api.world.add_course(), api.world.add_course("Music")
    saw(maths, 0, tally(10))
    saw(music, 0, tally(10))
    teacher = api.world.add_person("Tea", consent=False)
    wiring.courses().add_instructor(maths, teacher)
    wiring.access().add_token("rollcall_tea", Caller(teacher, Role.INSTRUCTOR), START, None)
    answer = api.call("GET", f"/v1/courses/{maths}/drift", token="rollcall_tea")
    assert [each["course_id"] for each in answer.json_body["items"]] == [maths]
    for path in (f"courses/{music}/drift", "reports/drift", "reports/drift.svg"):
        assert api.call("GET", f"/v1/{path}", token="rollcall_tea").status_code == 403
    assert api.call("GET", "/v1/courses/crs_none/drift").status_code == 404


def test_a_model_is_judged_by_its_first_days_here(api: Api) -> None:
    wiring.models().champion("fake-1")
    course_id = api.world.add_course()
    assert seen(api)["baseline"] is None
    saw(course_id, 5, tally(LEAST_FACES - 1))
    assert checked(TODAY - timedelta(days=4))[1] == []
    assert seen(api)["baseline"] is None, "too few"
    saw(course_id, 4, tally(1))
    saw(course_id, 3, tally(LEAST_FACES, LOW))
    assert checked(TODAY - timedelta(days=2))[1] == []
    answer = seen(api)
    assert answer["baseline"] == answer["expected"]["baseline"] == "first_faces"
    assert answer["expected"]["until"] == (TODAY - timedelta(days=4)).date().isoformat()
    assert answer["since"] == (TODAY - timedelta(days=3)).date().isoformat()
    assert (answer["together"]["drifted"], answer["together"]["faces"]) == (True, LEAST_FACES)
    assert [each["drifted"] for each in answer["items"]] == [False, False, True]
    (found,) = checked(TODAY - timedelta(days=1))[1]
    assert found.has_drifted
    assert found.stability is not None
    assert found.stability > 1
    assert checked(TODAY - timedelta(days=1)) == (None, []), "once a day"


def test_the_tick_raises_the_alarm_and_asks_for_retraining_once_a_week(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[tuple[str, float]] = []
    monkeypatch.setattr(retraining, "count", lambda name, value: told.append((name, value)))
    monkeypatch.setattr(retraining, "_start", lambda _now: None)
    wiring.models().champion("fake-1")
    course_id, monday = api.world.add_course(), datetime(2026, 11, 23, 12, tzinfo=UTC)

    def tick(days: int) -> None:
        monkeypatch.setattr(retraining, "utc_now", lambda: monday + timedelta(days=days))
        retraining.on_retraining_due({}, None)

    def saw_on(days: int, at: int) -> None:
        day = (monday + timedelta(days=days)).date()
        wiring.tallies().add(TallyOf(course_id, day, "fake-1", tally(LEAST_FACES, at)))

    saw_on(-1, USUAL)
    tick(0)
    for day in (0, 1, 2):
        saw_on(day, LOW)
        tick(day + 1)
        tick(day + 1)
    assert told == [("ModelDrift", 0)] + [("ModelDrift", 1)] * 3
    requests = wiring.retraining().requests()
    assert [(each.cause, each.request_id) for each in requests] == [
        (Cause.DRIFT, "request#drift-fake-1-2026-W48")
    ]
    assert [each.levelname for each in caplog.records if each.msg == "model drifted"] == ["WARNING"] * 3
    wiring.models().switch_biometrics(False, "adm_1", monday)
    for day in (3, 4, 5, 6):
        tick(day + 1)
    assert len(wiring.retraining().requests()) == 1, "nothing can be learned while nobody is recognised"


def test_where_nothing_retrains_the_alarm_is_raised_all_the_same(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, float]] = []
    monkeypatch.setattr(retraining, "count", lambda name, value: told.append((name, value)))
    monkeypatch.delenv("ROLLCALL_TRAINING_IMAGE")
    wiring.reset()
    wiring.models().champion("fake-1")
    course_id = api.world.add_course()
    wiring.tallies().set_baseline("fake-1", first_days(0.01, 0.99))
    saw(course_id, 1, tally(LEAST_FACES, LOW))
    retraining.on_retraining_due({}, None)
    assert told == [("ModelDrift", 1)]
    assert wiring.retraining().requests() == ()


def test_a_new_model_that_sees_as_before_has_not_drifted(api: Api) -> None:
    wiring.models().champion("fake-1")
    course_id = api.world.add_course()
    saw(course_id, 3, tally(LEAST_FACES))
    assert checked(TODAY - timedelta(days=2))[1] == []
    saw(course_id, 2, tally(LEAST_FACES))
    report, drifted = checked(TODAY)
    assert report is not None
    assert (report.stability, drifted) == (0, [])


def first_days(*shares: float) -> Expected:
    until = (TODAY - timedelta(days=9)).date()
    return Expected(Baseline.FIRST_FACES, (-1.0, 0.0, 1.0), shares, until=until)


def test_a_baseline_is_written_once(api: Api) -> None:
    assert api.world
    for shares in ((0.5, 0.5), (0.1, 0.9)):
        wiring.tallies().set_baseline("fake-1", first_days(*shares))
    assert wiring.tallies().baseline("fake-1") == first_days(0.5, 0.5)


def report_of(shares: list[float]) -> bytes:
    expected = {"edges": [-0.1, 0.0, 0.1], "shares": shares, "review_rate": 0.03, "failure_to_acquire": None}
    return json.dumps({"format": 1, "expected": expected}).encode()


def test_until_then_by_what_its_test_led_to_expect(api: Api) -> None:
    for name, content in {**FILES, "report.json": report_of([0.1, 0.9])}.items():
        wiring.media().put(f"models/{MODEL}/{name}", content, "application/json")
    ModelRecord("champion", model_id=MODEL).save()
    course_id = api.world.add_course()
    saw(course_id, 0, tally(LEAST_FACES, LOW), MODEL)
    answer = seen(api)
    assert (answer["baseline"], answer["expected"]["shares"]) == ("report", [0.1, 0.9])
    assert answer["expected"] == answer["tested"]
    assert answer["together"]["shares"] == [1, 0]
    assert answer["together"]["drifted"]
    wiring.tallies().set_baseline(MODEL, first_days(0.99, 0.01))
    answer = seen(api)
    assert (answer["baseline"], answer["together"]["drifted"]) == ("first_faces", False)
    assert answer["tested"]["baseline"] == "report"


@pytest.mark.parametrize("content", [b"{}", report_of([0.5])])
def test_a_report_that_says_nothing_of_it_leaves_no_baseline(api: Api, content: bytes) -> None:
    wiring.media().put(f"models/{MODEL}/report.json", content, "application/json")
    ModelRecord("champion", model_id=MODEL).save()
    assert seen(api)["baseline"] is None


@pytest.mark.parametrize("known", [False, True])
def test_it_is_drawn(api: Api, known: bool) -> None:
    wiring.models().champion("fake-1")
    course_id = api.world.add_course()
    if known:
        saw(course_id, 6, tally(LEAST_FACES))
        checked(TODAY - timedelta(days=5))
        for days_ago in (0, 1, 2):
            saw(course_id, days_ago, tally(LEAST_FACES, LOW))
    answer = api.call("GET", "/v1/reports/drift.svg")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    drawn = ET.fromstring(answer.body)  # noqa: S314  # our own
    texts = [each.text or "" for each in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert ("fake-1: drifted" in texts[0]) == known
    assert ("expected (first faces)" in texts) == known
    assert b"script" not in answer.body
    assert b"nan" not in answer.body


def test_counters_end_and_are_not_told_of_from_then_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    wiring.models().champion("fake-1")
    saw(api.world.add_course(), 0, tally(10))
    assert seen(api)["items"]
    later = TODAY + timedelta(days=wiring.settings().frame_record_days + 1)
    monkeypatch.setattr("chalicelib.api.drift.utc_now", lambda: TODAY)
    api.world.now = later
    wiring.reset()
    assert seen(api)["items"] == []
