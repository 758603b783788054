"""That is me: a face claimed, verified 1:1, and accepted, or refused and left to the instructor."""

import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from unittest import mock

import pytest

from chalicelib import wiring
from chalicelib.adapters.dynamo.claims import DynamoClaims
from chalicelib.adapters.dynamo.records import FrameRecord
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.attendance import Source
from chalicelib.domain.claims import Claim, ClaimState
from chalicelib.domain.errors import (
    ClaimNotFound,
    FaceNotFound,
    FrameNotRead,
    InvalidRequest,
    NotOnRoster,
    TooManyRequests,
)
from chalicelib.domain.sightings import Decision
from chalicelib.events.claims import on_claim_made
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.services.make_claim import MOST_OF_A_CAMERA, MOST_OF_A_PERSON, Pointed
from chalicelib.services.read_claim import read_claim
from tests.support.crashes import Crash, crash_at, watched
from tests.support.fakes import picture
from tests.support.world import World, claim_event


@pytest.fixture
def world(deployment: World) -> World:
    deployment.begin_anew()
    return deployment


@pytest.fixture
def session(world: World) -> str:
    return school(world)


def school(world: World) -> str:
    course_id = world.add_course()
    for name in ("Ada", "Ben", "Cem"):
        world.add_person(name, course_id=course_id)
    for name in ("Ada", "Ben"):
        world.enrol(name)
    return world.open_session(course_id)


def see(world: World, session_id: str, *faces: str, really: dict[str, str] | None = None, **look) -> str:
    frame = world.post_frame(session_id, picture(*faces, really=really or {}, **look))
    on_frame_uploaded(world.event(frame.key), None)
    return frame.frame_id


def outcome(claim: Claim) -> tuple[ClaimState, str | None]:
    return claim.state, None if claim.verdict is None else claim.verdict.code


def test_a_claim_is_only_written_down_and_announced(world: World, session: str) -> None:
    frame_id = see(world, session, "somebody", really={"somebody": "Ada"})
    claim = world.claim(frame_id, "Ada")
    assert (claim.state, claim.by, claim.face) == (ClaimState.PENDING, "adm_test", 0)
    assert world.messages("claims") == [{"session_id": session, "claim_id": claim.claim_id}]
    assert world.recogniser.compared == 0
    assert world.statuses(session)["Ada"] == "unseen"


def test_the_own_face_is_accepted_from_when_it_was_seen(world: World, session: str) -> None:
    seen_at = world.now
    frame_id = see(world, session, "Ben", "somebody", really={"somebody": "Ada"})
    world.pass_time(minutes=20)
    claim = world.settle(world.claim(frame_id, "Ada", face=1))
    assert outcome(claim) == (ClaimState.ACCEPTED, None)
    record = world.register(session)["Ada"].record
    assert (record.status, record.first_seen) == ("present", seen_at)
    assert record.evidence is not None
    assert (record.evidence.source, record.evidence.frame_id) == (Source.CLAIM, frame_id)
    assert (record.evidence.similarity, record.evidence.threshold) == (0.97, 0.95)


def test_another_s_face_is_refused_and_left_to_the_instructor(world: World, session: str) -> None:
    frame_id = see(world, session, "a stranger")
    claim = world.settle(world.claim(frame_id, "Ada"))
    assert outcome(claim) == (ClaimState.REFUSED, "not_alike")
    assert claim.verdict is not None
    assert claim.verdict.comparison is not None
    assert (claim.verdict.comparison.similarity, claim.verdict.comparison.threshold) == (0.4, 0.95)
    record = world.register(session)["Ada"].record
    assert record.status == "unseen"
    assert record.proposal is None, "what is confirmed with all other proposals must not be a refused claim"
    assert record.refused_claim is not None
    assert (record.refused_claim.similarity, record.refused_claim.source) == (0.4, Source.CLAIM)


def test_a_wrong_match_is_put_before_a_human(world: World, session: str) -> None:
    """The face was credited to Ben and is Ada's: Ben may have been there all the same."""
    frame_id = see(world, session, "Ben", really={"Ben": "Ada"})
    assert world.settle(world.claim(frame_id, "Ada")).state is ClaimState.ACCEPTED
    register = world.register(session)
    assert register["Ada"].record.status == "present"
    assert register["Ada"].record.contested_frames == frozenset()
    assert register["Ben"].record.contested_frames == {frame_id}
    assert register["Cem"].record.revision == 0


def test_a_face_that_only_resembled_somebody_contests_the_proposal(world: World, session: str) -> None:
    frame_id = see(world, session, "Ben", really={"Ben": "Ada"}, decision=Decision.REVIEW, score=0.93)
    world.settle(world.claim(frame_id, "Ada"))
    assert world.register(session)["Ben"].record.contested_frames == {frame_id}


def test_a_face_is_one_person_s_only(world: World, session: str) -> None:
    frame_id = see(world, session, "somebody", really={"somebody": "Ada"})
    world.settle(world.claim(frame_id, "Ada"))
    with mock.patch.object(
        world.recogniser, "compare", side_effect=lambda *a: genuine(world, *a)
    ):  # whom the model cannot tell apart
        claim = world.settle(world.claim(frame_id, "Ben"))
    assert outcome(claim) == (ClaimState.REFUSED, "face_taken")
    assert world.statuses(session)["Ben"] == "unseen"


def genuine(world: World, data: bytes, box, person_id: str, gallery):
    from dataclasses import replace

    found = type(world.recogniser).compare(world.recogniser, data, box, person_id, gallery)
    return replace(found, accepted=True)


def test_a_claim_after_the_session_counts_by_the_frame_s_time(world: World, session: str) -> None:
    frame_id = see(world, session, "somebody", really={"somebody": "Ada"})
    world.pass_time(hours=2)
    world.close_session(session)
    assert world.statuses(session)["Ada"] == "absent"
    world.settle(world.claim(frame_id, "Ada"))
    assert world.statuses(session)["Ada"] == "present"


def test_templates_do_not_change_whatever_is_claimed(world: World, session: str) -> None:
    before = world.dump("templates", "registrations", "models")
    frame_id = see(world, session, "somebody", "a stranger", really={"somebody": "Ada"})
    world.settle(world.claim(frame_id, "Ada", face=0))
    world.settle(world.claim(frame_id, "Ben", face=1))
    assert world.dump("templates", "registrations", "models") == before


def test_no_embedding_is_stored(world: World, session: str) -> None:
    frame_id = see(world, session, "somebody", really={"somebody": "Ada"})
    before = world.dump("frames")
    world.settle(world.claim(frame_id, "Ada"))
    assert world.dump("frames") == before
    stored = [item for item in world.dump("attendance")["attendance"] if item["sk"]["S"].startswith("claim#")]
    assert {name for item in stored for name in item} == {
        *("session_id", "sk", "frame_id", "face", "box", "person_id", "by", "created_at"),
        *("state", "verdict", "kept_until"),
    }


def withdraw(world: World, _session: str) -> None:
    world.withdraw_consent(world.people["Ada"])


def leave_roster(world: World, session_id: str) -> None:
    course_id = wiring.sessions().get(session_id).course_id
    wiring.courses().take_off_roster(course_id, world.people["Ada"])


def expire_picture(_world: World, session_id: str) -> None:
    wiring.media().delete(f"frames/{session_id}/")


def expire_frame(world: World, _session: str) -> None:
    """Its time came soon after the claim was made."""
    for frame in world.dump("frames")["frames"]:
        FrameRecord(frame["frame_id"]["S"]).update(actions=[FrameRecord.expires_at.set(world.now)])
    world.pass_time(seconds=2)


def lose_template(world: World, _session: str) -> None:
    world.withdraw_consent(world.people["Ada"])
    world.give_consent(world.people["Ada"])


def lose_face(world: World, _session: str) -> None:
    world.recogniser.compare = lambda *_: None  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (withdraw, "consent_missing"),
        (leave_roster, "not_on_roster"),
        (expire_picture, "picture_expired"),
        (expire_frame, "frame_expired"),
        (lose_template, "no_template"),
        (lose_face, "face_not_found"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_says_why(
    world: World, session: str, change: Callable[[World, str], None], code: str
) -> None:
    claim = world.claim(see(world, session, "somebody", really={"somebody": "Ada"}), "Ada")
    change(world, session)
    assert outcome(world.settle(claim)) == (ClaimState.REFUSED, code)
    assert world.register(session).get("Ada") is None or world.statuses(session)["Ada"] == "unseen"


def test_consent_withdrawn_between_the_look_and_the_write_is_refused(world: World, session: str) -> None:
    claim = world.claim(see(world, session, "somebody", really={"somebody": "Ada"}), "Ada")
    compare = world.recogniser.compare

    def withdrawing(*arguments):
        found = compare(*arguments)
        wiring.people().withdraw_consent(world.people["Ada"], world.now)
        return found

    world.recogniser.compare = withdrawing  # type: ignore[method-assign]
    assert outcome(world.settle(claim)) == (ClaimState.REFUSED, "consent_missing")
    assert world.statuses(session)["Ada"] == "unseen"


def test_a_refused_claim_may_be_made_again_and_is_verified_anew(world: World, session: str) -> None:
    frame_id = see(world, session, "somebody", really={"somebody": "Ada"})
    claim = world.claim(frame_id, "Ada")
    lose_template(world, session)
    assert outcome(world.settle(claim)) == (ClaimState.REFUSED, "no_template")
    world.enrol("Ada")
    second = world.claim(frame_id, "Ada")
    assert (second.claim_id, second.state) == (claim.claim_id, ClaimState.PENDING)
    assert outcome(world.settle(second)) == (ClaimState.ACCEPTED, None)
    for _ in range(MOST_OF_A_PERSON):
        assert world.claim(frame_id, "Ada").state is ClaimState.ACCEPTED
    assert len(world.messages("claims")) == 2, "what is accepted is not verified again"


def test_a_claim_cut_off_before_its_message_is_announced_when_made_again(world: World, session: str) -> None:
    frame_id = see(world, session, "somebody", really={"somebody": "Ada"})
    with (
        mock.patch("chalicelib.adapters.queues.SqsClaimsMade.announce", side_effect=Crash),
        pytest.raises(Crash),
    ):
        world.claim(frame_id, "Ada")
    assert world.messages("claims") == []
    for _ in range(MOST_OF_A_PERSON):
        claim = world.claim(frame_id, "Ada")
    announced = {"session_id": session, "claim_id": claim.claim_id}
    assert world.messages("claims") == [announced] * MOST_OF_A_PERSON, "what is not settled costs one try"
    assert wiring.claims().of_session(session, 10, None).items == (claim,)


def make(world: World, frame_id: str, pointed: Pointed, name: str = "Ada") -> Claim:
    with mock.patch("tests.support.world.Pointed", return_value=pointed):
        return world.claim(frame_id, name)


def test_a_face_is_named_by_a_point_in_its_box(world: World, session: str) -> None:
    frame_id = see(world, session, "Ben", "somebody")
    assert make(world, frame_id, Pointed(point=(75, 30))).face == 1
    for wrong in (Pointed(point=(500, 500)), Pointed(face=2), Pointed(face=-1)):
        with pytest.raises(FaceNotFound):
            make(world, frame_id, wrong)
    for wrong in (Pointed(), Pointed(face=0, point=(75, 30))):
        with pytest.raises(InvalidRequest):
            make(world, frame_id, wrong)


def test_a_frame_that_was_not_read_yet_has_no_faces_to_claim(world: World, session: str) -> None:
    frame = world.post_frame(session, picture("Ada"))
    with pytest.raises(FrameNotRead):
        world.claim(frame.frame_id, "Ada")


def test_who_is_not_on_the_roster_claims_nothing(world: World, session: str) -> None:
    world.add_person("Eve")
    with pytest.raises(NotOnRoster):
        world.claim(see(world, session, "Eve"), "Eve")


def test_trying_every_face_is_limited(world: World, session: str) -> None:
    frame_id = see(world, session, *(f"stranger {number}" for number in range(MOST_OF_A_PERSON + 1)))
    for face in range(MOST_OF_A_PERSON):
        world.claim(frame_id, "Ada", face)
    with pytest.raises(TooManyRequests):
        world.claim(frame_id, "Ada", MOST_OF_A_PERSON)
    assert world.claim(frame_id, "Ben").state is ClaimState.PENDING


def test_a_camera_s_claims_are_limited_whomever_they_are_of(world: World, session: str) -> None:
    frame_id = see(world, session, "somebody")
    kiosk = Caller("cam_door", Role.CAMERA)
    for number in range(MOST_OF_A_CAMERA):
        wiring.rate_limits().take("claims#cam_door", MOST_OF_A_CAMERA, 60)
        assert number < MOST_OF_A_CAMERA
    with pytest.raises(TooManyRequests):
        world.claim(frame_id, "Ada", by=kiosk)
    world.pass_time(minutes=1)
    assert world.claim(frame_id, "Ada", by=kiosk).by == "cam_door"


def test_a_claim_is_read_below_its_frame_and_waited_for(world: World, session: str) -> None:
    frame_id, other = see(world, session, "somebody", really={"somebody": "Ada"}), see(world, session, "Ben")
    claim = world.claim(frame_id, "Ada")

    def read(frame: str, wait_seconds: float, sleep: Callable[[float], None]) -> Claim:
        return read_claim(
            frame, claim.claim_id, wait_seconds, frames=wiring.frames(), claims=wiring.claims(), sleep=sleep
        )

    assert read(frame_id, 0, lambda _: None).state is ClaimState.PENDING
    assert read(frame_id, 1, lambda _: world.settle(claim) and None).state is ClaimState.ACCEPTED
    with pytest.raises(ClaimNotFound):
        read(other, 0, lambda _: None)


def test_a_claim_that_is_not_there_is_dropped_and_counted(
    world: World, session: str, capsys: pytest.CaptureFixture[str]
) -> None:
    claim = world.claim(see(world, session, "somebody"), "Ada")
    from chalicelib.adapters.dynamo.records import ClaimRecord

    ClaimRecord(session, f"claim#{claim.claim_id}").delete()
    assert on_claim_made(claim_event(claim), None) == {"batchItemFailures": []}
    assert '"ClaimDropped":[1.0]' in capsys.readouterr().out


def test_one_claim_that_fails_is_reported_alone(world: World, session: str) -> None:
    frame_id = see(world, session, "somebody", "Ben", really={"somebody": "Ada"})
    claims = [world.claim(frame_id, "Ada"), world.claim(frame_id, "Ben", face=1)]
    compare = world.recogniser.compare

    def failing(data, box, person_id, gallery):
        if person_id == world.people["Ada"]:
            raise RuntimeError("the net")
        return compare(data, box, person_id, gallery)

    world.recogniser.compare = failing  # type: ignore[method-assign]
    answer = on_claim_made(claim_event(*claims), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": f"message-{claims[0].claim_id}"}]}
    assert wiring.claims().get(session, claims[1].claim_id).state is ClaimState.ACCEPTED


def claims_to_come(world: World) -> list[Callable[[], object]]:
    """Ada's claim to the face that Ben was credited with, and Ben's to one that is not his."""
    world.begin_anew()
    session_id = school(world)
    frame_id = see(world, session_id, "Ben", "a stranger", really={"Ben": "Ada"})
    world.pass_time(minutes=3)
    claims = [world.claim(frame_id, "Ada", 0), world.claim(frame_id, "Ben", 1)]
    return [lambda claim=claim: on_claim_made(claim_event(claim), None) for claim in claims]


def left(world: World) -> list[dict[str, object]]:
    """Every item but for counts of writes, which the order of events decides: the key of a line of history is one."""
    items = world.dump("attendance")["attendance"]
    for item in items:
        item.pop("revision", None)
        if item["sk"]["S"].startswith("history#"):
            item["sk"]["S"] = item["sk"]["S"].rpartition("#")[0]
    return sorted(items, key=json.dumps)


def test_stopped_or_overtaken_at_any_write_the_register_is_the_same(world: World) -> None:
    first, second = claims_to_come(world)
    with watched() as made:
        first()
    second()
    expected, writes = left(world), len(made.names)
    assert writes == 4, "the face, the claimant's record, the contested record, the verdict"
    for n in range(1, writes + 1):
        first, second = claims_to_come(world)
        with pytest.raises(Crash), watched(after=crash_at(n)):
            first()
        first()
        second()
        assert left(world) == expected, f"stopped after write {n}"
    for n, by_itself in itertools.product(range(1, writes + 1), (True, False)):
        first, second = claims_to_come(world)
        overtaking, running = first if by_itself else second, []

        def overtake(number: int, n: int = n, overtaking=overtaking, running: list[int] = running) -> None:
            if number == n and not running:
                running.append(number)
                overtaking()

        with watched(overtake):
            first()
        second()
        assert running
        assert left(world) == expected, f"overtaken at write {n}"


def test_without_its_condition_a_second_person_would_take_the_face(world: World, session: str) -> None:
    """A check that cannot go red is worth nothing."""
    frame_id = see(world, session, "somebody", really={"somebody": "Ada"})
    world.settle(world.claim(frame_id, "Ada"))
    with (
        mock.patch.object(world.recogniser, "compare", side_effect=lambda *a: genuine(world, *a)),
        mock.patch.object(DynamoClaims, "take_face"),
    ):
        assert world.settle(world.claim(frame_id, "Ben")).state is ClaimState.ACCEPTED


def test_a_claim_made_at_the_end_of_the_session_s_day_is_still_open(world: World, session: str) -> None:
    frame_id = see(world, session, "somebody", really={"somebody": "Ada"})
    world.now += timedelta(days=1)
    assert world.settle(world.claim(frame_id, "Ada")).state is ClaimState.ACCEPTED
