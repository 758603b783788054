"""Least privilege that works: every call a function makes is allowed by its policy, and every permission is used."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
from botocore.client import BaseClient

from chalicelib import wiring
from chalicelib.adapters.dispatch import GitHubTrainingJobs, SecretToken
from chalicelib.adapters.dynamo.records import ModelRecord
from chalicelib.adapters.training_jobs import SageMakerTrainingJobs
from chalicelib.domain.access import Account, Caller, Role
from chalicelib.domain.clock import utc_now
from chalicelib.domain.timetable import Slot
from chalicelib.events.claims import on_claim_made
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.events.privacy import on_privacy_due
from chalicelib.events.registrations import on_registration_uploaded
from chalicelib.events.retraining import on_retraining_due, on_training_finished
from chalicelib.events.sessions import on_sessions_due
from chalicelib.services.erase_person import erase_person
from tests.api.conftest import Api
from tests.support.artefacts import BETTER, SAME, figures, files, packed, with_projection
from tests.support.fakes import clip, learned_model, picture
from tests.support.world import CONSENT_IN, REGION, START, claim_event

ROOT = Path(__file__).parents[2]
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text())
FUNCTIONS = CONFIG["stages"]["prod"]["lambda_functions"]
TRANSACT = {
    "ConditionCheck": "ConditionCheckItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
}
S3 = {
    "PutObject": ["PutObject"],
    "GetObject": ["GetObject"],
    "HeadObject": ["GetObject"],
    "ListObjectVersions": ["ListBucketVersions"],
    "DeleteObjects": ["DeleteObject", "DeleteObjectVersion"],
}
# Granted and not seen here: done by Lambda itself, or S3 asks for it to answer 404 instead of 403, or by a signed URL.
NOT_CALLED = (
    *(
        "logs:",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
    ),
    *("s3:ListBucket", "s3:PutObject"),
)

# Granted for links that others follow: what a person's export leads to.
SIGNED = {("api_handler", "s3:GetObject")}

Call = tuple[str, str]


def needed(operation: str, parameters: dict[str, Any]) -> Iterator[Call]:
    """The permissions (action, resource) that one API call needs."""
    if operation == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            ((kind, inner),) = item.items()
            yield f"dynamodb:{TRANSACT[kind]}", table_arn(inner["TableName"])
    elif operation == "BatchGetItem":
        for name in parameters["RequestItems"]:
            yield "dynamodb:BatchGetItem", table_arn(name)
    elif operation == "Sign":
        yield "kms:Sign", "arn:aws:kms:eu-north-1:123456789012:key/1"
    elif "TableName" in parameters:
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        yield f"dynamodb:{operation}", table_arn(parameters["TableName"]) + index
    elif operation == "CreateTrainingJob":
        arn = f"arn:aws:sagemaker:eu-north-1:123456789012:training-job/{parameters['TrainingJobName']}"
        yield "sagemaker:CreateTrainingJob", arn
        yield "sagemaker:AddTags", arn  # as it is created with tags
        yield "iam:PassRole", parameters["RoleArn"]
    elif operation == "DescribeTrainingJob":
        name = parameters["TrainingJobName"]
        yield f"sagemaker:{operation}", f"arn:aws:sagemaker:eu-north-1:123456789012:training-job/{name}"
    elif operation == "GetSecretValue":
        name = f"{parameters['SecretId']}-Ab12Cd"  # AWS appends six characters
        yield f"secretsmanager:{operation}", f"arn:aws:secretsmanager:eu-north-1:123456789012:secret:{name}"
    elif operation == "GetQueueUrl":
        yield "sqs:GetQueueUrl", f"arn:aws:sqs:eu-north-1:123456789012:{parameters['QueueName']}"
    elif operation == "SendMessage":
        name = parameters["QueueUrl"].rpartition("/")[2]
        yield "sqs:SendMessage", f"arn:aws:sqs:eu-north-1:123456789012:{name}"
    elif "Bucket" in parameters:
        key = f"/{parameters['Key']}" if "Key" in parameters else ""
        if operation == "DeleteObjects":
            key = f"/{parameters['Delete']['Objects'][0]['Key']}"
        for action in S3[operation]:
            yield f"s3:{action}", f"arn:aws:s3:::{parameters['Bucket']}{key}"


def table_arn(name: str) -> str:
    return f"arn:aws:dynamodb:eu-north-1:123456789012:table/{name}"


@contextmanager
def calls_of(function: str, calls: set[tuple[str, Call]]) -> Iterator[None]:
    original = BaseClient._make_api_call

    def recorded(client: Any, operation: str, parameters: Any) -> Any:
        calls.update((function, call) for call in needed(operation, parameters))
        return original(client, operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", recorded):
        yield


def statements(function: str) -> list[dict[str, Any]]:
    file = FUNCTIONS[function]["iam_policy_file"]
    return json.loads((ROOT / ".chalice" / file).read_text())["Statement"]


def allowed(statement: dict[str, Any], call: Call) -> bool:
    action, resource = call
    return action in statement["Action"] and any(
        fnmatchcase(resource, each) for each in statement["Resource"]
    )


def everything_a_school_does(api: Api) -> set[tuple[str, Call]]:
    calls: set[tuple[str, Call]] = set()
    world = api.world
    with calls_of("api_handler", calls):
        course_id, camera = api.course_with_camera()
        person_id = api.created("/v1/people", {"name": "Ada"})["id"]
        api.call("PUT", f"/v1/people/{person_id}/consent", CONSENT_IN)
        api.call("PUT", f"/v1/courses/{course_id}/roster/{person_id}")
        video = {"files": [{"content_type": "video/mp4", "length": 10}]}
        registration = api.created(f"/v1/people/{person_id}/registrations", video)
        session_id = api.session(course_id)
        frame = api.post_picture(session_id, camera, "Ada").json_body
        api.call("GET", f"/v1/frames/{frame['id']}", token=camera)
        for path in (
            "people",
            "courses",
            "cameras",
            f"courses/{course_id}/sessions",
            f"courses/{course_id}/roster",
        ):
            assert api.call("GET", f"/v1/{path}").status_code == 200
        change_people_and_rosters(api, course_id, person_id)
        path = f"/v1/people/{person_id}/registrations"
        assert api.call("GET", path).json_body["items"]
        assert api.call("GET", f"{path}/{registration['id']}").status_code == 200
        who_signs_in(api, person_id)
    world_media(registration["id"], person_id)
    with calls_of("on_registration_uploaded", calls):
        on_registration_uploaded(world.event(f"registrations/{person_id}/{registration['id']}/0"), None)
    cohort_of_one(api)
    forget_champion()
    with calls_of("on_frame_uploaded", calls):
        on_frame_uploaded(world.event(f"frames/{session_id}/{frame['id']}"), None)
    assert api.world.recogniser.cohort == [api.world.people["Cyd"]]
    late_frame(api, calls)
    refused_upload(api, calls)
    claimed_face(api, calls, frame["id"], person_id)
    learned_champion(api, calls)
    look_alike(api, calls)
    with calls_of("api_handler", calls):
        keep_the_register(api, course_id, session_id, person_id)
        assert (
            api.call("GET", f"/v1/sessions/{session_id}/attendance").json_body["items"][0]["status"]
            == "present"
        )
        api.call("POST", f"/v1/sessions/{session_id}/close")
        api.call("DELETE", f"/v1/people/{person_id}/consent")
        api.call("DELETE", f"/v1/courses/{course_id}/roster/{person_id}")
        api.call("DELETE", f"/v1/cameras/{api.call('GET', '/v1/cameras').json_body['items'][0]['id']}")
    tick(api, calls)
    what_retraining_asks(api, calls)
    what_privacy_asks(api, calls)
    with calls_of("authorize", calls):
        api.client.http.get("/v1/health")
        from chalicelib import wiring

        wiring.access().caller(api.token)
        wiring.access().identified(Account("https://login.school.example/realm", "ben-1"))
    return calls


def what_retraining_asks(api: Api, calls: set[tuple[str, Call]]) -> None:
    """Jobs on SageMaker, each with what the one before has learned, and one on GitHub that makes nothing."""
    api.world.now = datetime.now(UTC)
    sagemaker = boto3.client("sagemaker", region_name=REGION)
    wiring.retrainer.cache_clear()  # type: ignore[attr-defined]
    with mock.patch.object(
        wiring, "training_jobs", return_value=SageMakerTrainingJobs(sagemaker, wiring.settings())
    ):
        api.world.erase(somebody_known(api, "Gone"))
        for learned, ended in (
            ("promoted", "on_training_finished"),
            ("kept", "on_training_finished"),
            ("found by the tick", "on_retraining_due"),
        ):
            with calls_of("api_handler", calls):
                assert api.call("POST", "/v1/retraining-jobs").status_code == 202
            with calls_of("on_retraining_due", calls):
                on_retraining_due({}, None)
            job = api.world.job_in_hand
            test = figures(SAME if learned == "kept" else BETTER)
            projected = with_projection(files(job.champion_id, learned=learned, test=test))
            wiring.media().put(job.artefact, packed(projected), "application/gzip")
            with calls_of(ended, calls):
                on_training_finished({"detail": {"TrainingJobName": job.job_id}}, None)
    with calls_of("api_handler", calls):
        job_out = api.call("GET", "/v1/retraining-jobs").json_body["items"][0]
        assert api.call("GET", f"/v1/retraining-jobs/{job_out['id']}").json_body["decision"]
        assert len(api.call("GET", "/v1/models").json_body["items"]) == 4
        path = f"/v1/models/{job_out['model_id']}"
        assert api.call("GET", path).json_body["report"]
        before = api.call("POST", f"{path}/rollback").json_body["id"]
        assert api.call("POST", f"{path}/promote").json_body["standing"] == "champion"
        assert api.call("POST", f"{path}/rollback").json_body["id"] == before
    on_github(api, calls)


def on_github(api: Api, calls: set[tuple[str, Call]]) -> None:
    """Dispatched by the token from the secret store; the data are taken away when somebody withdraws."""
    secrets: Any = boto3.client("secretsmanager", region_name=REGION)
    secrets.create_secret(Name="rollcall-github-token", SecretString="token")
    token, sent = SecretToken(secrets, "rollcall-github-token"), []
    github = GitHubTrainingJobs(
        "school/rollcall", token, wiring.media(), utc_now, timedelta(hours=1), lambda *each: sent.append(each)
    )
    wiring.retrainer.cache_clear()  # type: ignore[attr-defined]
    with mock.patch.object(wiring, "training_jobs", return_value=github):
        person_id = somebody_known(api, "Withdrawing")
        api.world.ask_for_retraining("github")
        with calls_of("on_retraining_due", calls):
            on_retraining_due({}, None)
        assert len(sent) == 1
        with calls_of("api_handler", calls):
            api.call("DELETE", f"/v1/people/{person_id}/consent")
        wiring.media().put(f"{api.world.job_in_hand.artefact}", b"no tar", "application/gzip")
        with calls_of("on_retraining_due", calls):
            on_retraining_due({}, None)


def what_privacy_asks(api: Api, calls: set[tuple[str, Call]]) -> None:
    """People who are known are exported and erased, one of them cut off; then recognition is switched off."""
    from chalicelib import wiring

    api.world.recogniser.cohort_size = 0
    api.world.now = datetime.now(UTC) - timedelta(hours=1)  # what it begins is due by the events' own clock
    known = [somebody_known(api, f"Known {n}") for n in range(2)]
    registration = api.world.upload_registration(known[0], clip("x"))
    with calls_of("api_handler", calls):
        text = {"version": "9", "language": "en", "title": "t", "body": "b", "uses": ["matching"]}
        api.created("/v1/consent-texts", text)
        assert api.call("GET", "/v1/consent-texts").status_code == 200
        assert api.call("GET", "/v1/privacy").status_code == 200
        assert api.call("GET", f"/v1/people/{known[0]}/export").json_body["sightings"]
        assert api.call("DELETE", f"/v1/people/{known[0]}").json_body["state"] == "erased"
        day = datetime.now(UTC).date().isoformat()
        assert api.call("GET", f"/v1/audit?day={day}").json_body["items"]
    wiring.media().put(registration.keys[0], clip("x"), "video/mp4")
    with calls_of("on_registration_uploaded", calls):
        on_registration_uploaded(api.world.event(*registration.keys), None)
    erase_person(known[1], by="adm_1", eraser=wiring.eraser(), out_of_time=lambda: True)
    wiring.media().put("training/job/templates/people.jsonl", b"{}", "application/jsonl")
    with calls_of("on_privacy_due", calls):
        on_privacy_due({}, None)
        on_privacy_due({}, None)
    switched_off(api, calls)
    with calls_of("api_handler", calls):
        assert api.call("GET", f"/v1/audit/digests/{wiring.seals().days()[-1]}").status_code == 200


def somebody_known(api: Api, name: str) -> str:
    """With a membership, a former one, an identity, a template, media, and a place in the register and in a frame."""
    world = api.world
    course_id, former = world.add_course(), world.add_course()
    person_id = world.add_person(name, course_id=course_id)
    for course in (former, world.add_course()):
        wiring_courses().put_on_roster(course, person_id)
    wiring_courses().take_off_roster(former, person_id)
    wiring_courses().add_instructor(former, person_id)
    api.created(f"/v1/people/{person_id}/identities", {"subject": name, "role": "student"})
    world.give_consent(person_id)
    world.enrol(name)
    frame = world.post_frame(world.open_session(course_id), picture(name))
    on_frame_uploaded(world.event(frame.key), None)
    return person_id


def wiring_courses() -> Any:
    from chalicelib import wiring

    return wiring.courses()


def switched_off(api: Api, calls: set[tuple[str, Call]]) -> None:
    world = api.world
    person_id = somebody_known(api, "Zoe")
    frame = world.post_frame(world.open_session(world.add_course()), picture("x"))
    world.upload_registration(person_id, clip("Zoe"))
    with calls_of("api_handler", calls):
        assert not api.call("PUT", "/v1/privacy/biometrics", {"on": False}).json_body["on"]
    with calls_of("on_frame_uploaded", calls):
        on_frame_uploaded(world.event(frame.key), None)
    with calls_of("on_privacy_due", calls):
        on_privacy_due({}, None)
    with calls_of("api_handler", calls):
        assert api.call("PUT", "/v1/privacy/biometrics", {"on": True}).json_body["on"]


def keep_the_register(api: Api, course_id: str, session_id: str, person_id: str) -> None:
    """What instructors and a student do with it by hand."""
    from chalicelib import wiring

    mark = f"/v1/sessions/{session_id}/attendance/{person_id}"
    code = api.created(f"/v1/sessions/{session_id}/codes", None)["code"]
    wiring.access().add_token("rollcall_student", Caller(person_id, Role.STUDENT), START, None)
    checked_in = api.call(
        "POST", f"/v1/sessions/{session_id}/check-ins", {"code": code}, token="rollcall_student"
    )
    assert checked_in.status_code == 200
    assert api.call("GET", "/v1/me/courses", token="rollcall_student").json_body["items"]
    assert api.call("PUT", mark, {"status": "late"}).status_code == 200
    assert api.call("DELETE", mark).status_code == 200
    assert api.call("GET", f"{mark}/history").json_body["items"]
    assert api.call("POST", f"/v1/sessions/{session_id}/confirmations", {}).status_code == 200
    assert api.call("GET", f"/v1/people/{person_id}/attendance").json_body["items"]
    assert api.call("GET", f"/v1/courses/{course_id}/flagged-sessions").status_code == 200
    unwatched = api.session(course_id)
    assert api.call("POST", f"/v1/sessions/{unwatched}/close").json_body["flagged"]
    slots = [{"weekday": day, "starts": "09:00", "ends": "10:00"} for day in range(1, 8)]
    timetable = {"slots": slots, "first_date": "2020-01-01", "last_date": "2199-01-01"}
    path = f"/v1/courses/{course_id}/timetable"
    assert api.call("PUT", path, timetable).status_code == 200
    assert api.call("PUT", path, timetable | {"slots": []}).status_code == 200
    assert api.call("GET", path).status_code == 200


def who_signs_in(api: Api, person_id: str) -> None:
    path = f"/v1/people/{person_id}/identities"
    identity = api.created(path, {"subject": "ada-1", "role": "student"})
    assert api.call("GET", path).json_body["items"] == [identity]
    assert api.call("DELETE", f"{path}/{identity['id']}").status_code == 204
    api.created(path, {"subject": "ben-1", "role": "student"})
    door = api.created("/v1/cameras", {"name": "Door", "rooms": ["B 204"]})
    api.created(f"/v1/cameras/{door['id']}/token", None)
    assert api.call("GET", "/v1/me").status_code == 200


def change_people_and_rosters(api: Api, course_id: str, person_id: str) -> None:
    """Ids given and taken away, somebody archived and back, an import that takes people off, instructors."""
    other = api.created(
        "/v1/courses", {"name": "Music", "time_zone": "Asia/Tokyo", "external_ids": {"sis": "M"}}
    )
    roster = f"/v1/courses/{other['id']}"
    for ids in ({"sis": "1"}, {"sis": None}):
        for path in (f"/v1/people/{person_id}", roster):
            assert api.call("PATCH", path, {"external_ids": ids}).status_code == 200
    for path in ("people", "courses"):
        assert api.call("GET", f"/v1/{path}?external_system=sis&external_id=1").status_code == 200
    for act in ("archive", "restore"):
        assert api.call("POST", f"/v1/people/{person_id}/{act}").status_code == 200
        assert api.call("POST", f"{roster}/{act}").status_code == 200
    for rows in (b"name,sis_id\nCem,2\n", b"name\nDov\n"):
        path = f"{roster}/roster-imports?mode=replace"
        assert api.call("POST", path, rows, content_type="text/csv").json_body["created"] == 1
    for method, status in (("PUT", 204), ("DELETE", 204)):
        path = f"/v1/courses/{course_id}/instructors"
        assert api.call(method, f"{path}/{person_id}").status_code == status
        assert api.call("GET", path).status_code == 200


def forget_champion() -> None:
    """Whichever function comes first in a new deployment puts its model in service."""
    ModelRecord("champion").delete()


def cohort_of_one(api: Api) -> None:
    """A model that normalises, and somebody enrolled elsewhere to do it against."""
    api.world.add_person("Cyd")
    api.world.enrol("Cyd")
    api.world.recogniser.cohort_size = 1


def world_media(registration_id: str, person_id: str) -> None:
    from chalicelib import wiring

    wiring.media().put(f"registrations/{person_id}/{registration_id}/0", clip("Ada"), "video/mp4")


def late_frame(api: Api, calls: set[tuple[str, Call]]) -> None:
    """The only frame of a session, processed when nobody waited for it any more."""
    world = api.world
    course_id = world.add_course()
    world.add_person("Dan", course_id=course_id)
    session_id = world.open_session(course_id, minutes=10)
    frame = world.post_frame(session_id, picture())
    world.pass_time(hours=1)
    world.close_session(session_id)
    with calls_of("on_frame_uploaded", calls):
        on_frame_uploaded(world.event(frame.key), None)
    assert world.statuses(session_id) == {"Dan": "absent"}


def refused_upload(api: Api, calls: set[tuple[str, Call]]) -> None:
    """Consent withdrawn before the video was read: it is deleted."""
    from chalicelib import wiring

    person_id = api.world.add_person("Eve")
    registration = api.world.upload_registration(person_id, clip("Eve"))
    wiring.people().withdraw_consent(person_id, api.world.now)
    with calls_of("on_registration_uploaded", calls):
        on_registration_uploaded(api.world.event(*registration.keys), None)


def learned_champion(api: Api, calls: set[tuple[str, Call]]) -> None:
    """A frame and a claim that are scored by what retraining learned, each by a cold function."""
    world, (model_id, files) = api.world, learned_model()
    for name, content in files.items():
        wiring.media().put(f"models/{model_id}/{name}", content, "application/json")
    ModelRecord("champion").update(actions=[ModelRecord.model_id.set(model_id)])
    course_id = world.add_course()
    world.add_person("Gus", course_id=course_id)
    world.enrol("Gus")
    frame = world.post_frame(world.open_session(course_id), picture("Gus"))
    with calls_of("on_frame_uploaded", calls):
        on_frame_uploaded(world.event(frame.key), None)
    claim = world.claim(frame.frame_id, "Gus")
    wiring.gallery_of.cache_clear()  # type: ignore[attr-defined]
    with calls_of("on_claim_made", calls):
        on_claim_made(claim_event(claim), None)
    with calls_of("api_handler", calls):
        assert api.call("GET", "/v1/reports/drift").json_body["items"]
        assert api.call("GET", f"/v1/courses/{course_id}/drift").json_body["model_id"] == model_id
    ModelRecord("champion").update(actions=[ModelRecord.model_id.set(world.recogniser.model_id)])


def claimed_face(api: Api, calls: set[tuple[str, Call]], frame_id: str, person_id: str) -> None:
    """The person's own, which the machine had credited to another person of the course."""
    world = api.world
    course_id = wiring.sessions().get(wiring.frames().get(frame_id).session_id).course_id
    world.add_person("Dan", course_id=course_id)
    world.enrol("Dan")
    session_id = wiring.frames().get(frame_id).session_id
    shown = picture("Dan", really={"Dan": "Ada"})
    posted = api.call("POST", f"/v1/sessions/{session_id}/frames", shown, content_type="image/png").json_body
    on_frame_uploaded(world.event(f"frames/{session_id}/{posted['id']}"), None)
    forget_champion()
    path = f"/v1/frames/{posted['id']}/claims"
    with calls_of("api_handler", calls):
        made = api.call("POST", path, {"person_id": person_id, "face": 0}).json_body
    claim = wiring.claims().get(session_id, made["id"])
    with calls_of("on_claim_made", calls):
        on_claim_made(claim_event(claim), None)
    with calls_of("api_handler", calls):
        assert api.call("GET", f"{path}/{made['id']}").json_body["state"] == "accepted"


def look_alike(api: Api, calls: set[tuple[str, Call]]) -> None:
    """A registration with a face that is enrolled already: told apart, the other one forgotten with the consent."""
    world = api.world
    person_id = world.add_person("Fay")
    first, second = (world.upload_registration(person_id, clip("Ada~2")) for _ in range(2))
    for registration in (first, second):
        with calls_of("on_registration_uploaded", calls):
            on_registration_uploaded(world.event(*registration.keys), None)
    with calls_of("api_handler", calls):
        (review, _) = api.call("GET", "/v1/registrations-awaiting-review").json_body["items"]
        path = f"/v1/people/{person_id}/registrations/{review['registration']['id']}/decision"
        assert api.call("POST", path, {"decision": "two_people"}).json_body["state"] == "enrolled"
        api.call("DELETE", f"/v1/people/{person_id}/consent")


def tick(api: Api, calls: set[tuple[str, Call]]) -> None:
    """A session that ended an hour ago, with somebody on its roster."""
    api.world.now = datetime.now(UTC) - timedelta(hours=1)
    course_id = api.world.add_course()
    api.world.add_person("Ben", course_id=course_id)
    session_id = api.world.open_session(course_id, minutes=10)
    api.world.set_timetable(course_id, *(Slot(day, time(9), time(10)) for day in range(1, 8)))
    with calls_of("on_sessions_due", calls):
        on_sessions_due({}, None)
        api.world.now = datetime.now(UTC) + timedelta(days=2)
        api.world.tick()
    assert api.world.statuses(session_id) == {"Ben": "unseen"}, "no camera was watching"


def test_policies_allow_what_functions_do_and_nothing_else(api: Api) -> None:
    calls = everything_a_school_does(api)
    assert {function for function, _ in calls} == set(FUNCTIONS)
    for function, call in sorted(calls):
        assert any(allowed(statement, call) for statement in statements(function)), f"{function} needs {call}"
    for function in FUNCTIONS:
        made = [call for other, call in calls if other == function]
        for statement in statements(function):
            for action in statement["Action"]:
                used = any(allowed({**statement, "Action": [action]}, call) for call in made)
                granted_for_others = action.startswith(NOT_CALLED) or (function, action) in SIGNED
                assert used or granted_for_others, f"{function}: {action} {statement['Resource']}"
