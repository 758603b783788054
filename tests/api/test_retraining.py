"""Retraining and models over HTTP: for admins alone, with reports, reasons and one call back."""

import json
from datetime import UTC, datetime

import pytest

from chalicelib import wiring
from chalicelib.domain.access import Caller, Role
from tests.api.conftest import Api
from tests.support.world import START


def trained(api: Api, **learned: object) -> str:
    """Asked for by hand, run, ended and told; the job's id."""
    api.world.now = datetime.now(UTC)
    answer = api.call("POST", "/v1/retraining-jobs")
    assert answer.status_code == 202
    assert answer.json_body["id"].startswith("req_")
    api.world.retrain_tick()
    job = api.world.training_ends(**learned)
    api.world.tell_training_ended(job.job_id)
    return job.job_id


@pytest.fixture
def school(api: Api) -> Api:
    api.world.add_person("Ada")
    api.world.enrol("Ada")
    return api


def test_before_the_first_face_no_model_is_in_service(api: Api) -> None:
    assert api.call("GET", "/v1/models").json_body == {"items": [], "next_cursor": None}
    assert api.code(api.call("GET", "/v1/models/fake-1")) == (404, "model_not_found")
    assert api.code(api.call("GET", "/v1/retraining-jobs/x")) == (404, "retraining_job_not_found")


def test_what_was_learned_is_told_with_its_reasons_and_its_report(school: Api) -> None:
    job_id = trained(school)
    job = school.call("GET", f"/v1/retraining-jobs/{job_id}").json_body
    assert (job["state"], job["people"], job["requests"], job["attempt"]) == ("finished", 1, 2, 1)
    assert job["decision"]["verdict"] == "promoted"
    assert [reason["code"] for reason in job["decision"]["reasons"]] == ["better", "promise_kept"]
    assert school.call("GET", "/v1/retraining-jobs").json_body["items"] == [job]
    shipped, learned = school.call("GET", "/v1/models").json_body["items"]
    assert (shipped["id"], shipped["standing"], shipped["previous"]) == ("fake-1", "challenger", True)
    assert (learned["id"], learned["standing"], learned["job_id"]) == (job["model_id"], "champion", job_id)
    told = school.call("GET", f"/v1/models/{job['model_id']}").json_body
    assert told["report"]["test"]["identities"] == 150
    assert told["decision"] == job["decision"]
    assert school.call("GET", "/v1/models/fake-1").json_body["report"] is None


def test_one_call_leads_back_and_the_act_is_recorded(school: Api) -> None:
    trained(school)
    model_id = school.world.champion
    back = school.call("POST", f"/v1/models/{model_id}/rollback").json_body
    assert (back["id"], back["standing"]) == ("fake-1", "champion")
    assert school.world.champion == "fake-1"
    assert school.code(school.call("POST", f"/v1/models/{model_id}/rollback")) == (409, "not_in_service")
    nothing = school.call("POST", "/v1/models/fake-1/rollback")
    assert school.code(nothing) == (409, "nothing_to_roll_back_to")
    assert school.call("POST", f"/v1/models/{model_id}/promote").json_body["standing"] == "champion"
    day = datetime.now(UTC).date().isoformat()
    acts = school.call("GET", f"/v1/audit?day={day}").json_body["items"]
    told = [(act["act"], act["ids"]["model_id"], act["status"]) for act in acts if "models" in act["act"]]
    assert told == [
        ("POST /v1/models/{model_id}/rollback", model_id, 200),
        ("POST /v1/models/{model_id}/rollback", model_id, 409),
        ("POST /v1/models/{model_id}/rollback", "not an id", 409),
        ("POST /v1/models/{model_id}/promote", model_id, 200),
    ]


def test_what_was_not_tested_enough_is_not_put_in_service_by_hand(school: Api) -> None:
    job_id = trained(school, test=None)
    model_id = school.call("GET", f"/v1/retraining-jobs/{job_id}").json_body["model_id"]
    answer = school.call("POST", f"/v1/models/{model_id}/promote")
    assert school.code(answer) == (409, "not_proven")
    assert "0 people were tested; 100 are needed" in json.loads(answer.body)["detail"]


def test_asked_again_with_its_key_it_is_one_request(school: Api) -> None:
    ask = lambda: school.call("POST", "/v1/retraining-jobs", **{"Idempotency-Key": "k"})  # noqa: E731
    first = ask().json_body
    school.world.pass_time(minutes=1)
    assert ask().json_body == first
    assert len(wiring.retraining().requests()) == 2


def test_where_nothing_is_set_up_or_recognition_is_off_it_says_so(
    school: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLCALL_TRAINING_IMAGE", "")
    wiring.reset()
    assert school.code(school.call("POST", "/v1/retraining-jobs")) == (409, "retraining_not_set_up")
    monkeypatch.undo()
    wiring.reset()
    school.call("PUT", "/v1/privacy/biometrics", {"on": False})
    assert school.code(school.call("POST", "/v1/retraining-jobs")) == (409, "biometrics_off")


def test_only_admins_see_or_touch_models(school: Api) -> None:
    wiring.access().add_token("rollcall_teacher", Caller("per_1", Role.INSTRUCTOR), START, None)
    for method, path in (
        ("POST", "retraining-jobs"),
        ("GET", "retraining-jobs"),
        ("GET", "models"),
        ("POST", "models/fake-1/promote"),
        ("POST", "models/fake-1/rollback"),
    ):
        answer = school.call(method, f"/v1/{path}", token="rollcall_teacher")
        assert school.code(answer) == (403, "forbidden"), path


def test_an_erasures_receipt_says_when_retraining_ran_without_the_person(school: Api) -> None:
    person_id = school.world.people["Ada"]
    erasure = school.call("DELETE", f"/v1/people/{person_id}").json_body
    assert (erasure["retrained_at"], erasure["retraining_job_id"]) == (None, None)
    job_id = trained(school)
    path = f"/v1/people/{person_id}/erasure"
    told = school.call("GET", path).json_body
    assert told["retraining_job_id"] == job_id
    assert told["retrained_at"] is not None
    assert told["receipt"] == erasure["receipt"], "what was signed does not change"
