"""Items that an earlier release wrote are read by this one."""

import json

import boto3

from chalicelib import wiring
from chalicelib.domain.sightings import Decision
from chalicelib.events.frames import on_frame_uploaded
from tests.support.fakes import picture
from tests.support.world import REGION, World


def forget_confidence(table: str, key: dict, attributes: tuple[str, ...]) -> None:
    """Make an item as it was before sightings had a confidence."""
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    item = dynamodb.get_item(TableName=f"rollcall-{table}", Key=key)["Item"]
    for attribute in attributes:
        stored = json.loads(item[attribute]["S"])
        for facts in stored.get("sightings", [stored]):
            del facts["confidence"]
        item[attribute] = {"S": json.dumps(stored)}
    dynamodb.put_item(TableName=f"rollcall-{table}", Item=item)


def test_sightings_and_evidence_without_a_confidence_are_read_as_having_none(world: World) -> None:
    course_id = world.add_course()
    world.add_person("Ada", course_id=course_id)
    world.enrol("Ada")
    session_id = world.open_session(course_id)
    for decision in (Decision.REVIEW, Decision.ACCEPTED):
        frame = world.post_frame(session_id, picture("Ada", decision=decision))
        on_frame_uploaded(world.event(frame.key), None)
    mark = {"session_id": {"S": session_id}, "sk": {"S": f"attendance#{world.people['Ada']}"}}
    forget_confidence("attendance", mark, ("evidence", "proposals"))
    forget_confidence("frames", {"frame_id": {"S": frame.frame_id}}, ("result",))

    record = wiring.attendance().get(session_id, world.people["Ada"])
    assert record.evidence is not None
    assert record.proposal is not None
    assert (record.evidence.confidence, record.proposal.confidence) == (0, 0)
    assert record.evidence.score == record.proposal.score == 0.97
    result = wiring.frames().get(frame.frame_id).result
    assert result is not None
    assert [sighting.confidence for sighting in result.sightings] == [0]
    frame = world.post_frame(session_id, picture("Ada", score=0.99))
    on_frame_uploaded(world.event(frame.key), None)
    better = wiring.attendance().get(session_id, world.people["Ada"]).evidence
    assert better is not None
    assert (better.score, better.confidence) == (0.99, 0.9)
