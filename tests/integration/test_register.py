"""From an uploaded picture to the register, through the real handlers and adapters."""

import itertools
import json
from contextlib import suppress
from datetime import timedelta, timezone

import pytest

from chalicelib import wiring
from chalicelib.adapters.dynamo.records import FrameRecord, MarkRecord
from chalicelib.domain.attendance import Status
from chalicelib.domain.errors import (
    ConsentMissing,
    DeletionFailed,
    ModelNotInstalled,
    NotOnRoster,
    SessionNotOpen,
)
from chalicelib.domain.frames import Frame, FrameState
from chalicelib.domain.people import Use
from chalicelib.domain.quality import CameraHealth, Condition, Reason
from chalicelib.domain.registrations import RegistrationState
from chalicelib.domain.sessions import Confirmation, Flag, SessionState
from chalicelib.domain.sightings import Decision
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.events.registrations import on_registration_uploaded
from chalicelib.services.advance_due_sessions import advance_due_sessions
from chalicelib.services.schedule_session import schedule_session
from chalicelib.services.start_frame_upload import start_frame_upload
from chalicelib.services.start_registration import start_registration
from tests.support.crashes import Crash, conflict, crash_at, watched
from tests.support.fakes import clip, picture
from tests.support.world import START, World, sqs_record


@pytest.fixture
def course(world: World) -> str:
    course_id = world.add_course()
    for name in ("Ada", "Ben"):
        world.add_person(name, course_id=course_id)
        world.enrol(name)
    return course_id


def post(world: World, session_id: str, shown: bytes) -> str:
    frame = world.post_frame(session_id, shown)
    assert on_frame_uploaded(world.event(frame.key), None) == {"batchItemFailures": []}
    return frame.frame_id


def tick(world: World) -> None:
    advance_due_sessions(
        world.now,
        sessions=wiring.sessions(),
        courses=wiring.courses(),
        attendance=wiring.attendance(),
        frames=wiring.frames(),
        patience=wiring.settings().closing_patience,
    )


def mint(world: World, session_id: str) -> Frame:
    """A frame that is to be uploaded by ticket."""
    frame, _ = start_frame_upload(
        session_id,
        content_type="image/png",
        length=100,
        sessions=wiring.sessions(),
        frames=wiring.frames(),
        media=wiring.media(),
        models=wiring.models(),
        clock=world.clock,
    )
    return frame


def test_who_is_seen_is_present_and_who_is_not_is_absent_once_it_closes(world: World, course: str) -> None:
    session_id = world.open_session(course)
    post(world, session_id, picture("Ada", "a stranger"))
    assert world.statuses(session_id) == {"Ada": "present", "Ben": "unseen"}
    world.pass_time(minutes=10)
    assert world.close_session(session_id).state is SessionState.CLOSED
    assert world.statuses(session_id) == {"Ada": "present", "Ben": "absent"}


def test_the_evidence_says_where_a_person_was_seen(world: World, course: str) -> None:
    session_id = world.open_session(course)
    frame_id = post(world, session_id, picture("Ada"))
    evidence = world.register(session_id)["Ada"].record.evidence
    assert evidence is not None
    assert (evidence.frame_id, evidence.model_id, evidence.similarity) == (frame_id, "fake-1", 0.97)
    frame = wiring.frames().get(frame_id)
    assert frame.state is FrameState.DONE
    assert frame.result is not None
    assert frame.result.sightings[0].candidate == world.people["Ada"]


def test_what_is_wrong_with_a_view_and_its_camera_is_kept_with_the_frame(world: World, course: str) -> None:
    session_id = world.open_session(course)
    frame_id = post(
        world, session_id, picture("Ada", reasons=[Reason.BLURRED], conditions=[Condition.BLURRED])
    )
    result = wiring.frames().get(frame_id).result
    assert result is not None
    assert result.sightings[0].reasons == (Reason.BLURRED,)
    assert result.health == CameraHealth(120, 30, 0.35, (Condition.BLURRED,))


def test_a_result_written_before_health_was_told_is_still_read(world: World, course: str) -> None:
    frame_id = post(world, world.open_session(course), picture("Ada"))
    record = FrameRecord.get(frame_id)
    for sighting in record.result["sightings"]:
        del sighting["reasons"]
    del record.result["health"]
    record.save()
    result = wiring.frames().get(frame_id).result
    assert result is not None
    assert (result.health, result.sightings[0].reasons) == (None, ())


def test_an_unhealthy_camera_is_counted_and_logged(
    world: World, course: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    session_id = world.open_session(course)
    post(world, session_id, picture("Ada"))
    assert '"CameraUnhealthy":[0.0]' in capsys.readouterr().out
    post(world, session_id, picture(conditions=[Condition.BLOCKED, Condition.DARK]))
    assert '"CameraUnhealthy":[1.0]' in capsys.readouterr().out
    assert [record.camera for record in caplog.records if record.message == "frame taken"] == [
        [],
        ["blocked", "dark"],
    ]


def test_a_sighting_for_review_is_listed_and_marks_nobody(world: World, course: str) -> None:
    session_id = world.open_session(course)
    post(world, session_id, picture("Ada", decision=Decision.REVIEW, score=0.94))
    record = world.register(session_id)["Ada"].record
    assert record.status == "unseen"
    assert record.proposal is not None
    assert record.proposal.score == 0.94


def test_a_student_who_is_not_on_the_roster_is_a_stranger(world: World, course: str) -> None:
    world.add_person("Eve")
    world.enrol("Eve")
    session_id = world.open_session(course)
    post(world, session_id, picture("Eve"))
    assert set(world.statuses(session_id).values()) == {"unseen"}


def test_without_consent_no_upload_is_taken_in(world: World) -> None:
    person_id = world.add_person("Eve", consent=False)
    with pytest.raises(ConsentMissing):
        world.upload_registration(person_id, clip("Eve"))


def test_consent_withdrawn_before_the_video_is_read_means_no_embedding_and_no_video(world: World) -> None:
    person_id = world.add_person("Eve")
    registration = world.upload_registration(person_id, clip("Eve"))
    wiring.people().withdraw_consent(person_id, world.now)
    on_registration_uploaded(world.event(*registration.keys), None)
    assert world.recogniser.views_extracted == 0
    assert (
        wiring.registrations().get(person_id, registration.registration_id).state is RegistrationState.REFUSED
    )
    assert not wiring.media().exists(registration.keys[0])
    assert world.dump("templates") == {"templates": []}


def test_a_withdrawal_cut_off_anywhere_leaves_no_videos_behind_it_and_can_be_repeated(world: World) -> None:
    for n in itertools.count(1):
        name = f"Person {n}"
        person_id = world.add_person(name)
        world.enrol(name)
        with watched(after=crash_at(n)) as writes, suppress(Crash):
            world.withdraw_consent(person_id)
        consent = wiring.people().consent(person_id)
        assert consent is not None
        assert consent.active or not any(person_id in key for key in world.pictures())
        world.withdraw_consent(person_id)
        assert not any(person_id in key for key in world.pictures())
        assert wiring.templates().get(person_id, "fake-1") is None
        if len(writes.names) < n:
            break
    assert n > 2


def test_a_consent_that_no_longer_permits_matching_ends_recognition(world: World, course: str) -> None:
    session_id = world.open_session(course)
    world.give_consent(world.people["Ada"], uses=(Use.EVALUATION,))
    assert wiring.templates().get(world.people["Ada"], "fake-1") is None
    assert not any(world.people["Ada"] in key for key in world.pictures())
    post(world, session_id, picture("Ada"))
    assert world.statuses(session_id)["Ada"] == "unseen"


def test_consent_narrowed_between_the_look_and_the_write_marks_nobody(
    world: World, course: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = world.open_session(course)
    look = world.recogniser.recognise

    def narrowed_meanwhile(*arguments):
        seen = look(*arguments)
        world.give_consent(world.people["Ada"], uses=(Use.EVALUATION,))
        return seen

    monkeypatch.setattr(world.recogniser, "recognise", narrowed_meanwhile)
    post(world, session_id, picture("Ada", "Ben"))
    assert world.statuses(session_id) == {"Ada": "unseen", "Ben": "present"}


def test_earlier_consents_are_kept(world: World) -> None:
    person_id = world.add_person("Ada")
    world.withdraw_consent(person_id)
    world.pass_time(days=1)
    world.give_consent(person_id)
    kept = [item for item in world.dump("people")["people"] if item["sk"]["S"].startswith("consent#")]
    assert [item["given_at"]["S"][:10] for item in kept] == ["2026-11-23"]
    assert kept[0]["withdrawn_at"]["S"][:10] == "2026-11-23"
    consent = wiring.people().consent(person_id)
    assert consent is not None
    assert consent.active


def test_an_incomplete_set_of_photos_is_refused_too_once_consent_is_withdrawn(world: World) -> None:
    person_id = world.add_person("Ada")
    registration = world.upload_registration(person_id, clip("Ada"), clip("Ada"), clip("Ada"))
    wiring.media().delete(registration.keys[2])
    wiring.people().withdraw_consent(person_id, world.now)
    on_registration_uploaded(world.event(registration.keys[1]), None)
    assert world.pictures() == []


def test_a_deletion_that_s3_refuses_is_not_taken_for_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add_person("Ada")
    world.enrol("Ada")
    refused = {"Errors": [{"Key": "x", "Code": "InternalError"}]}
    monkeypatch.setattr(wiring.media()._s3, "delete_objects", lambda **_: refused)
    with pytest.raises(DeletionFailed):
        world.withdraw_consent(world.people["Ada"])


@pytest.mark.usefixtures("world")
def test_a_picture_stored_by_a_try_whose_reply_was_lost_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = wiring.media()._s3
    put = s3.put_object

    def reply_lost(**parameters):
        put(**parameters)
        return put(**parameters)  # what botocore does when no answer came: If-None-Match now refuses

    monkeypatch.setattr(s3, "put_object", reply_lost)
    wiring.media().put("frames/a/b", b"picture", "image/png")
    assert wiring.media().get("frames/a/b", 100) == b"picture"


@pytest.mark.parametrize("days", [2, 15])
def test_a_frame_and_a_registration_redriven_days_later_still_count(
    world: World, course: str, days: int
) -> None:
    session_id = world.open_session(course)
    frame = world.post_frame(session_id, picture("Ada"))
    world.add_person("Eve")
    registration = world.upload_registration(world.people["Eve"], clip("Eve"))
    world.pass_time(days=days)
    on_frame_uploaded(world.event(frame.key), None)
    on_registration_uploaded(world.event(*registration.keys), None)
    assert world.statuses(session_id)["Ada"] == "present"
    assert wiring.templates().get(world.people["Eve"], "fake-1") is not None


def test_closing_waits_for_a_frame_whose_ticket_may_still_be_used(world: World, course: str) -> None:
    session_id = world.open_session(course)
    frame = mint(world, session_id)
    world.pass_time(minutes=1)
    assert world.close_session(session_id).state is SessionState.CLOSING
    wiring.media().put(frame.key, picture("Ada"), "image/png")
    on_frame_uploaded({"Records": [sqs_record(frame.key, START)]}, None)
    assert world.close_session(session_id).state is SessionState.CLOSED
    assert world.statuses(session_id)["Ada"] == "present"


def test_closing_does_not_wait_for_a_ticket_that_has_expired(world: World, course: str) -> None:
    session_id = world.open_session(course)
    mint(world, session_id)
    world.pass_time(minutes=6)
    assert world.close_session(session_id).state is SessionState.CLOSED


def test_a_closed_register_does_not_change_with_a_later_roster(world: World, course: str) -> None:
    session_id = world.open_session(course)
    post(world, session_id, picture())
    world.pass_time(minutes=1)
    world.close_session(session_id)
    world.add_person("Eve", course_id=course)
    wiring.courses().take_off_roster(course, world.people["Ben"])
    assert world.statuses(session_id) == {"Ada": "absent", "Ben": "absent"}


@pytest.mark.usefixtures("course")
def test_who_was_proposed_is_not_absent_until_a_human_has_decided(world: World) -> None:
    course_id = world.add_course(confirmation=Confirmation.REVIEW)
    for name in ("Ada", "Ben"):
        wiring.courses().put_on_roster(course_id, world.people[name])
    session_id = world.open_session(course_id)
    post(world, session_id, picture("Ada", "Ben"))
    world.pass_time(minutes=1)
    assert world.close_session(session_id).flagged is Flag.UNCONFIRMED
    assert world.statuses(session_id) == {"Ada": "unseen", "Ben": "unseen"}
    world.confirm(session_id, "Ada")
    assert wiring.sessions().get(session_id).flagged is Flag.UNCONFIRMED
    world.reject(session_id, "Ben")
    assert world.statuses(session_id) == {"Ada": "present", "Ben": "absent"}
    assert wiring.sessions().get(session_id).flagged is None


def test_a_late_proposal_flags_a_closed_session_and_a_mark_settles_it(world: World, course: str) -> None:
    session_id = world.open_session(course)
    post(world, session_id, picture("Ada"))
    late = world.post_frame(session_id, picture("Ben", decision=Decision.REVIEW))
    world.pass_time(minutes=5)
    world.close_session(session_id)
    world.pass_time(minutes=5)
    assert world.close_session(session_id).flagged is None
    assert world.statuses(session_id)["Ben"] == "absent"
    on_frame_uploaded(world.event(late.key), None)
    assert world.statuses(session_id)["Ben"] == "unseen"
    assert wiring.sessions().get(session_id).flagged is Flag.UNCONFIRMED
    world.mark(session_id, "Ben", Status.ABSENT)
    assert wiring.sessions().get(session_id).flagged is None


def test_who_was_only_proposed_and_left_the_roster_awaits_a_human_too(world: World, course: str) -> None:
    session_id = world.open_session(course)
    post(world, session_id, picture("Ben", decision=Decision.REVIEW))
    wiring.courses().take_off_roster(course, world.people["Ben"])
    world.pass_time(minutes=1)
    world.close_session(session_id)
    assert world.statuses(session_id)["Ben"] == "unseen"
    world.reject(session_id, "Ben")
    assert world.statuses(session_id)["Ben"] == "absent"


def test_a_message_that_fails_says_why_in_the_log(
    world: World, course: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    session_id = world.open_session(course)
    frame = world.post_frame(session_id, picture("Ada"))
    world.recogniser.model_id = "fake-2"
    on_frame_uploaded(world.event(frame.key), None)
    assert "message failed" in caplog.text
    assert "ModelNotInstalled" in caplog.text
    assert '"MessageFailed":[1.0]' in capsys.readouterr().out


def test_withdrawing_deletes_templates_and_the_next_frame_on_a_warm_handler_does_not_match(
    world: World, course: str
) -> None:
    session_id = world.open_session(course)
    post(world, session_id, picture("Ben"))
    world.withdraw_consent(world.people["Ada"])
    post(world, session_id, picture("Ada"))
    assert world.statuses(session_id)["Ada"] == "unseen"
    stored = json.dumps(world.dump("templates"))
    assert world.people["Ada"] not in stored
    assert world.people["Ben"] in stored


def test_consent_withdrawn_between_the_look_and_the_write_marks_nobody(
    world: World, course: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gallery still held the person: the write's own condition refuses."""
    session_id = world.open_session(course)
    look = world.recogniser.recognise

    def withdrawn_meanwhile(*arguments):
        seen = look(*arguments)
        world.withdraw_consent(world.people["Ada"])
        return seen

    monkeypatch.setattr(world.recogniser, "recognise", withdrawn_meanwhile)
    post(world, session_id, picture("Ada", "Ben"))
    assert world.statuses(session_id) == {"Ada": "unseen", "Ben": "present"}


def test_a_gallery_is_built_once_and_again_only_when_the_roster_changes(world: World, course: str) -> None:
    session_id = world.open_session(course)
    post(world, session_id, picture("Ada"))
    post(world, session_id, picture("Ada"))
    assert world.recogniser.galleries_built == 1
    wiring.courses().take_off_roster(course, world.people["Ben"])
    post(world, session_id, picture("Ben"))
    assert world.recogniser.galleries_built == 2
    assert "Ben" not in world.statuses(session_id)
    with pytest.raises(NotOnRoster):
        wiring.courses().take_off_roster(course, world.people["Ben"])


def test_a_student_enrolled_during_the_session_is_known_in_the_next_frame(world: World, course: str) -> None:
    session_id = world.open_session(course)
    world.add_person("Eve", course_id=course)
    post(world, session_id, picture("Eve"))
    assert world.statuses(session_id)["Eve"] == "unseen"
    world.enrol("Eve")
    post(world, session_id, picture("Eve"))
    assert world.statuses(session_id)["Eve"] == "present"


def test_a_frame_taken_before_and_processed_after_closing_counts(world: World, course: str) -> None:
    session_id = world.open_session(course)
    post(world, session_id, picture())
    frame = world.post_frame(session_id, picture("Ada"))
    world.pass_time(minutes=1)
    assert world.close_session(session_id).state is SessionState.CLOSING, "it waits for the frame"
    world.pass_time(minutes=5)
    assert world.close_session(session_id).state is SessionState.CLOSED, "but not for ever"
    assert world.statuses(session_id)["Ada"] == "absent"
    on_frame_uploaded(world.event(frame.key), None)
    assert world.statuses(session_id)["Ada"] == "present"


def test_closing_ends_as_soon_as_the_last_frame_is_merged(world: World, course: str) -> None:
    session_id = world.open_session(course)
    frame = world.post_frame(session_id, picture("Ada"))
    world.pass_time(seconds=1)
    assert world.close_session(session_id).state is SessionState.CLOSING
    on_frame_uploaded(world.event(frame.key), None)
    assert world.close_session(session_id).state is SessionState.CLOSED
    assert world.statuses(session_id) == {"Ada": "present", "Ben": "absent"}


def test_a_frame_after_closing_is_refused(world: World, course: str) -> None:
    session_id = world.open_session(course)
    world.pass_time(hours=1)
    with pytest.raises(SessionNotOpen):
        world.post_frame(session_id, picture("Ada"))


def test_a_frame_uploaded_by_ticket_after_closing_is_rejected(world: World, course: str) -> None:
    """The presigned PUT may still be valid: S3's time decides."""
    session_id = world.open_session(course)
    frame = mint(world, session_id)
    wiring.media().put(frame.key, picture("Ada"), "image/png")
    late = {"Records": [sqs_record(frame.key, START + timedelta(hours=1))]}
    on_frame_uploaded(late, None)
    stored = wiring.frames().get(frame.frame_id)
    assert stored.state is FrameState.REJECTED
    assert stored.result is not None
    assert stored.result.rejection is not None
    assert stored.result.rejection.code == "session_not_open"
    assert world.statuses(session_id)["Ada"] == "unseen"


def test_an_unreadable_picture_is_a_result_and_is_not_tried_again(world: World, course: str) -> None:
    session_id = world.open_session(course)
    frame_id = post(world, session_id, picture("Ada").split(b"FACES:")[0])
    stored = wiring.frames().get(frame_id)
    assert stored.result is not None
    assert stored.result.rejection is not None
    assert (stored.state, stored.result.rejection.code) == (FrameState.REJECTED, "unreadable_picture")


def test_an_event_without_a_record_is_dropped(world: World) -> None:
    stranger = world.event(
        "frames/ses_unknown/frm_unknown",
        "frames/",
        "registrations/a//0",
        "registrations/x",
        "registrations/a/b/0",
    )
    assert on_frame_uploaded(stranger, None) == {"batchItemFailures": []}
    assert on_registration_uploaded(stranger, None) == {"batchItemFailures": []}


def test_a_key_that_only_ends_like_a_frames_is_dropped(world: World, course: str) -> None:
    session_id = world.open_session(course)
    frame = world.post_frame(session_id, picture("Ada"))
    on_frame_uploaded(world.event(f"frames/other/{frame.frame_id}"), None)
    assert wiring.frames().get(frame.frame_id).state is FrameState.PENDING


def test_a_failing_message_is_reported_alone(world: World, course: str) -> None:
    session_id = world.open_session(course)
    frame = world.post_frame(session_id, picture("Ada"))
    event = world.event(frame.key)
    broken = sqs_record("frames/x", world.now) | {
        "messageId": "broken",
        "body": "not json",
    }
    event["Records"].insert(0, broken)
    assert on_frame_uploaded(event, None) == {"batchItemFailures": [{"itemIdentifier": "broken"}]}
    assert world.statuses(session_id)["Ada"] == "present"


def test_the_test_event_of_s3_is_ignored(world: World) -> None:
    event = {"Records": [sqs_record("x", world.now) | {"body": json.dumps({"Event": "s3:TestEvent"})}]}
    assert on_frame_uploaded(event, None) == {"batchItemFailures": []}


def test_several_photos_are_one_registration_read_when_the_last_has_arrived(world: World) -> None:
    person_id = world.add_person("Ada")
    photos = [clip("Ada", views=1)] * 3
    registration, tickets = start_registration(
        person_id,
        tuple(("image/jpeg", len(photo)) for photo in photos),
        people=wiring.people(),
        registrations=wiring.registrations(),
        media=wiring.media(),
        models=wiring.models(),
        clock=world.clock,
    )
    assert len(tickets) == 3
    for key, photo in zip(registration.keys, photos, strict=True):
        wiring.media().put(key, photo, "image/jpeg")
        on_registration_uploaded(world.event(key), None)
        read = key == registration.keys[-1]
        assert world.recogniser.views_extracted == int(read)
    stored = wiring.registrations().get(person_id, registration.registration_id)
    assert stored.outcome is not None
    assert (stored.state, stored.outcome.views_kept) == (RegistrationState.ENROLLED, 3)


def test_views_of_one_clip_are_one_occasion(world: World) -> None:
    world.add_person("Ada")
    for count in (1, 2):
        world.enrol("Ada")
        template = wiring.templates().get(world.people["Ada"], "fake-1")
        assert template is not None
        assert template.enrolment_count == count


def test_an_unreadable_registration_says_why(world: World) -> None:
    person_id = world.add_person("Ada")
    registration = world.upload_registration(person_id, b"nothing of use")
    on_registration_uploaded(world.event(*registration.keys), None)
    stored = wiring.registrations().get(person_id, registration.registration_id)
    assert stored.outcome is not None
    assert (stored.state, stored.outcome.code) == (RegistrationState.REJECTED, "unreadable_picture")
    assert stored.outcome.explanation


def test_a_model_that_is_not_installed_fails_loudly(world: World, course: str) -> None:
    session_id = world.open_session(course)
    frame = world.post_frame(session_id, picture("Ada"))
    world.recogniser.model_id = "fake-2"
    failed = on_frame_uploaded(world.event(frame.key), None)
    assert [item["itemIdentifier"] for item in failed["batchItemFailures"]] == [f"message-{frame.key}"]
    with pytest.raises(ModelNotInstalled):
        wiring.gallery_of()(course)


def test_the_tick_opens_and_closes_sessions_by_their_time(world: World, course: str) -> None:
    session_id = schedule_session(
        course,
        opens_at=START + timedelta(minutes=5),
        closes_at=START + timedelta(minutes=50),
        courses=wiring.courses(),
        sessions=wiring.sessions(),
        clock=world.clock,
    ).session_id

    def state_after_tick() -> SessionState:
        tick(world)
        return wiring.sessions().get(session_id).state

    assert state_after_tick() is SessionState.SCHEDULED
    world.pass_time(minutes=5)
    assert state_after_tick() is SessionState.OPEN
    post(world, session_id, picture("Ben"))
    world.pass_time(minutes=44)
    assert state_after_tick() is SessionState.OPEN
    world.pass_time(hours=20)
    assert state_after_tick() is SessionState.CLOSED, "also after an outage of many hours"
    assert world.statuses(session_id) == {"Ada": "absent", "Ben": "present"}
    assert wiring.sessions().due(world.now) == ()


@pytest.mark.parametrize(
    "offset", [timedelta(hours=2), timedelta(hours=5, minutes=45), timedelta(hours=-5)], ids=str
)
def test_a_session_given_in_another_offset_is_due_at_the_same_moment(
    world: World, course: str, offset: timedelta
) -> None:
    there = timezone(offset)
    session_id = schedule_session(
        course,
        opens_at=(START + timedelta(minutes=5)).astimezone(there),
        closes_at=(START + timedelta(minutes=50)).astimezone(there),
        courses=wiring.courses(),
        sessions=wiring.sessions(),
        clock=world.clock,
    ).session_id
    for minutes, state in ((5, SessionState.OPEN), (45, SessionState.CLOSED)):
        world.pass_time(minutes=minutes)
        tick(world)
        assert wiring.sessions().get(session_id).state is state


def test_a_session_that_cannot_be_closed_does_not_hold_up_the_others(world: World, course: str) -> None:
    broken, good = world.open_session(course, minutes=10), world.open_session(course, minutes=20)
    MarkRecord(broken, f"attendance#{world.people['Ada']}", revision=1, evidence={"damaged": True}).save()
    world.pass_time(hours=1)
    with pytest.raises(ExceptionGroup):
        tick(world)
    assert wiring.sessions().get(good).state is SessionState.CLOSED
    assert wiring.sessions().get(broken).state is SessionState.CLOSING


def test_a_write_that_meets_a_transaction_is_sent_again(world: World, course: str) -> None:
    """AWS refuses what meets a transaction on its item; moto never does."""
    session_id = world.open_session(course)
    post(world, session_id, picture())
    world.pass_time(minutes=1)
    refused = 0

    def refuse_first(number: int) -> None:
        nonlocal refused
        if number % 2:
            refused += 1
            raise conflict(writes.names[-1])

    with watched(refuse_first) as writes:
        assert world.close_session(session_id).state is SessionState.CLOSED
    assert refused > 2
    assert set(world.statuses(session_id).values()) == {"absent"}


def test_a_roster_takes_a_person_once(world: World, course: str) -> None:
    before = wiring.courses().get(course).version
    wiring.courses().put_on_roster(course, world.people["Ada"])
    assert wiring.courses().get(course).version == before
    assert len(wiring.courses().roster(course)) == 2
