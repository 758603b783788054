"""What is kept ends when it was said to end, and is not told of from then on, however late it is deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib import wiring
from chalicelib.adapters.dynamo.records import RECORDS
from chalicelib.domain.attendance import Status
from chalicelib.domain.errors import ClaimNotFound, SessionNotFound
from chalicelib.events.frames import on_frame_uploaded
from infra.resources import load_template
from tests.support.fakes import picture
from tests.support.world import REGION, START, World

REGISTER, CLAIMS = timedelta(days=1826), timedelta(days=400)


def a_lesson(world: World) -> tuple[str, str, str]:
    """One was seen, another excused and claimed a face, in a session that showed a code: course, session and claim."""
    course_id = world.add_course()
    for name in ("Ada", "Ben"):
        world.add_person(name, course_id=course_id)
        world.enrol(name)
    session_id = world.open_session(course_id)
    frame = world.post_frame(session_id, picture("Ada", "nobody", really={"nobody": "Ben"}))
    on_frame_uploaded(world.event(frame.key), None)
    claim = world.settle(world.claim(frame.frame_id, "Ben", face=1))
    world.issue_code(session_id)
    world.mark(session_id, "Ben", Status.EXCUSED, "ill")
    return course_id, session_id, claim.claim_id


def kept_until(world: World) -> dict[str, datetime | None]:
    """Of each kind of item of the attendance table."""
    return {
        item["sk"]["S"].partition("#")[0]: datetime.fromtimestamp(int(item["kept_until"]["N"]), UTC)
        if "kept_until" in item
        else None
        for item in world.dump("attendance")["attendance"]
    }


def test_every_item_of_the_register_says_until_when_it_is_kept(world: World) -> None:
    a_lesson(world)
    register, claims = START + REGISTER, START + CLAIMS
    assert kept_until(world) == {
        "session": register,
        "attendance": register,
        "history": register,
        "watch": register,
        "claim": claims,
        "face": claims,
        "tally": datetime(2026, 11, 23, tzinfo=UTC) + CLAIMS,
        "code": START + timedelta(minutes=3, days=1),
    }
    client: Any = boto3.client("dynamodb", region_name=REGION)
    described = client.describe_time_to_live(TableName="rollcall-attendance")["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "kept_until"}


def test_what_has_ended_is_not_told_of_although_it_is_still_there(world: World) -> None:
    course_id, session_id, claim_id = a_lesson(world)
    attendance, sessions, claims = wiring.attendance(), wiring.sessions(), wiring.claims()
    ada, ben = world.people["Ada"], world.people["Ben"]

    def told() -> list[int]:
        return [
            len(sessions.of_course(course_id, 10, None).items),
            len(sessions.of_ids((session_id,))),
            len(attendance.of_session(session_id)),
            len(attendance.of_person(ada, 10, None).items),
            len(attendance.history(session_id, ben)),
        ]

    world.now = START + CLAIMS - timedelta(seconds=1)
    assert claims.get(session_id, claim_id).person_id == ben
    assert len(claims.of_session(session_id, 10, None).items) == len(claims.of_person(ben, session_id)) == 1
    world.now = START + CLAIMS
    with pytest.raises(ClaimNotFound):
        claims.get(session_id, claim_id)
    assert claims.of_session(session_id, 10, None).items == claims.of_person(ben, session_id) == ()
    world.now = START + REGISTER - timedelta(seconds=1)
    assert 0 not in told()
    assert sessions.get(session_id)
    world.now = START + REGISTER
    assert told() == [0] * 5
    with pytest.raises(SessionNotFound):
        sessions.get(session_id)
    assert session_id in str(world.dump("attendance"))


def test_a_flagged_session_ends_too(world: World) -> None:
    course_id = world.add_course()
    session_id = world.open_session(course_id)
    world.close_session(session_id)
    sessions = wiring.sessions()
    assert [each.session_id for each in sessions.flagged(course_id, 10, None).items] == [session_id]
    world.now = START + REGISTER
    assert sessions.flagged(course_id, 10, None).items == ()


def test_an_erasure_finds_what_has_ended_and_is_still_there(world: World) -> None:
    a_lesson(world)
    world.now = START + REGISTER + timedelta(days=1)
    world.erase(world.people["Ada"])
    assert kept_until(world)["erased"] == START + REGISTER, "as long as what it was counted from"
    left = [item["sk"]["S"] for item in world.dump("attendance")["attendance"]]
    assert [sk for sk in left if world.people["Ada"] in sk] == []


def test_what_was_written_before_has_no_end(world: World) -> None:
    course_id, session_id, _ = a_lesson(world)
    client: Any = boto3.client("dynamodb", region_name=REGION)
    for item in world.dump("attendance")["attendance"]:
        del item["kept_until"]
        client.put_item(TableName="rollcall-attendance", Item=item)
    world.now = START + 2 * REGISTER
    assert wiring.sessions().of_course(course_id, 10, None).items == (wiring.sessions().get(session_id),)
    assert len(wiring.attendance().of_session(session_id)) == 2
    assert wiring.attendance().history(session_id, world.people["Ben"])


def test_with_no_days_the_register_is_kept_until_erasure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLCALL_REGISTER_DAYS", "0")
    wiring.reset()
    a_lesson(world)
    ends = kept_until(world)
    assert [ends[kind] for kind in ("session", "attendance", "history", "watch")] == [None] * 4
    assert ends["claim"] == START + CLAIMS


def test_a_short_register_leaves_sessions_for_as_long_as_erasures_look_through_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLCALL_REGISTER_DAYS", "30")
    wiring.reset()
    a_lesson(world)
    ends = kept_until(world)
    assert ends["attendance"] == ends["history"] == START + timedelta(days=30)
    assert ends["session"] == START + timedelta(days=820)
    world.now = START + timedelta(days=31)
    world.erase(world.people["Ada"])
    assert world.people["Ada"] not in str(world.dump("frames", "attendance"))


WHAT = {
    "PersonRecord LeftRecord PersonItem MembershipRecord PersonExternalIdRecord ConsentRecord"
    " RosterRecord RosterImportRecord InstructorRecord": (
        "people, look-alikes, consents, rosters and who teaches"
    ),
    "RetrainingRequestRecord": "requests for retraining by registrations",
    "RetrainingJobRecord RetrainingInHandRecord LearnedModelRecord": (
        "training jobs and other requests for them, models' files by opaque ids"
    ),
    "ErasureRecord ForgottenRecord": "receipts and tombstones of erasures, by opaque ids",
    "ConsentTextRecord CourseRecord CourseExternalIdRecord TimetableRecord PlannedRecord CameraRecord"
    " ModelRecord BaselineRecord": "courses, timetables, cameras, models and consent texts",
    "OwnIdentityRecord IdentityRecord TokenRecord": "sign-in accounts and tokens of people",
    "SessionRecord WatchRecord ErasedMarksRecord": "sessions, without who attended",
    "CodeRecord": "codes shown in class, once they have ended",
    "MarkRecord ChangeRecord SessionItem": "attendance, with its evidence and history",
    "ClaimRecord ClaimedFaceRecord": "claims to faces",
    "TallyRecord DriftCheckRecord": "how often models saw, by course and day",
    "FrameRecord": "what was seen in frames, without pictures",
    "RegistrationRecord": "registrations that were read, without media",
    "TemplateRecord": "templates, also of registrations under review",
    "IdempotencyKeyRecord RateRecord": "counters of rate limits, and idempotency keys",
    "AuditRecord": "acts in the audit log, by opaque ids",
    "DigestRecord": "digests of the audit log, with hashes of its acts",
}


def test_the_retention_that_is_told_names_every_kind_of_item() -> None:
    told = {kept.what for kept in wiring.settings().retention}
    assert {record for records in WHAT for record in records.split()} == {
        record.__name__ for record, _ in RECORDS
    }
    assert set(WHAT.values()) <= told


def test_messages_are_kept_no_longer_than_is_told() -> None:
    queues = [each for each in load_template()["Resources"].values() if each["Type"] == "AWS::SQS::Queue"]
    longest = max(each["Properties"]["MessageRetentionPeriod"] for each in queues)
    (told,) = (kept.days for kept in wiring.settings().retention if kept.what.startswith("messages"))
    assert told is not None
    assert longest == told * 86_400
