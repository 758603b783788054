"""An export holds everything that a search for the person finds in any table or object, but for what is said here."""

import json
import re
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.attendance import Status
from chalicelib.domain.claims import ClaimState
from chalicelib.domain.duplicates import Decision
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.services.limit_exports import EXPORTS
from tests.api.conftest import Api
from tests.support.fakes import picture
from tests.support.world import KEYS

SECTIONS = {
    "people: person": "person",
    "people: external": "person",
    "people: another's person": "lookalikes",
    "people: consent": "consents",
    "people: course": "takes_course_ids",
    "people: left": "left_course_ids",
    "people: teaches": "teaches_course_ids",
    "people: identity": "identities",
    "access: identity": "identities",
    "courses: roster": "takes_course_ids",
    "courses: instructor": "teaches_course_ids",
    "registrations": "registrations",
    "templates": "templates",
    "templates: pending": "candidates",
    "attendance: attendance": "attendance",
    "attendance: history": "attendance",
    "attendance: claim": "claims",
    "attendance: face": "claims",
    "frames": "sightings",
    "object: registrations": "registrations",
}
"""Where in an export each kind of item is told; ids in its key are told there."""

LEFT_OUT = {
    "registrations: another's": "whom another person's face resembled is that person's; `lookalikes` counts",
    "attendance: another's attendance": "what a teacher decided on others is theirs, by the teacher's id",
    "attendance: another's history": "as their attendance",
    "access: token": "the hash of a secret, whose it is and in which role; it opens nothing and ends by itself",
    "access: rate": "how often the person tried something, for two days",
    "audit": "what was done by or to the person: admins read it, and it must not change or be carried about",
}
"""What an export leaves out, and why."""

IDS = re.compile(r"(?:crs|clm|idn|ses|reg|frm)_[0-9a-f]{32}")


def a_busy_life(api: Api) -> str:
    """Somebody of whom everything is held that can be held."""
    world = api.world
    course_id, left_id, taught_id = (world.add_course(name) for name in ("Maths", "Music", "Art"))
    person = {"name": "Ada", "external_ids": {"moodle": "A-1"}}
    ada = world.people["Ada"] = api.created("/v1/people", person)["id"]
    for name in ("Ben", "Cem"):
        world.add_person(name)
    for _ in range(2):
        world.give_consent(ada)
    for course in (course_id, left_id):
        wiring.courses().put_on_roster(course, ada)
    wiring.courses().take_off_roster(left_id, ada)
    wiring.courses().add_instructor(taught_id, ada)
    wiring.courses().put_on_roster(taught_id, world.people["Ben"])
    api.created(f"/v1/people/{ada}/identities", {"subject": "ada@school", "role": "instructor"})
    wiring.access().add_token("rollcall_ada", Caller(ada, Role.STUDENT), world.now, None)
    for name in ("Ada", "Cem"):
        world.enrol(name)
    world.decide(world.enrol("Ben", "Ada~2"), Decision.TWO_PEOPLE)
    world.enrol("Ada", "Cem~2")
    session_id = world.open_session(course_id)
    shown = picture("Ada", "nobody", "somebody", really={"nobody": "Ada", "somebody": "Cem"})
    frame = world.post_frame(session_id, shown)
    on_frame_uploaded(world.event(frame.key), None)
    states = [world.settle(world.claim(frame.frame_id, "Ada", face)).state for face in (1, 2)]
    assert states == [ClaimState.ACCEPTED, ClaimState.REFUSED]
    world.check_in(session_id, "Ada", world.issue_code(session_id))
    world.mark(world.open_session(taught_id), "Ben", Status.EXCUSED, "ill", by=ada)
    return ada


def kind(table: str, keys: list[str], person_id: str) -> str:
    """What an item or object is: its table, the word that its key begins with, and whether it is another person's."""
    words = [key.partition("#")[0] for key in keys]
    word = {"frames": "", "registrations": "", "templates": "", "audit": ""}.get(table, words[-1])
    if "#pending" in keys[0]:
        word = "pending"
    others = {found for key in keys for found in re.findall("per_[0-9a-f]{32}", key)} - {person_id}
    whose = "another's " if others else ""
    return f"{table}: {whose}{word}".strip().rstrip(":")


def found(api: Api, person_id: str) -> list[tuple[str, str]]:
    """The kind and the key of whatever names the person."""
    items = [
        (table, [item[name]["S"] for name in KEYS[table]])
        for table, stored in api.world.dump().items()
        for item in stored
        if person_id in json.dumps(item)
    ]
    items += [("object", key.split("/", 1)[:1]) for key in api.world.pictures() if person_id in key]
    return [(kind(table, keys, person_id), " ".join(keys)) for table, keys in items]


def exported(api: Api, person_id: str, **call: Any) -> dict[str, Any]:
    """Its sections, of all pages."""
    export = api.call("GET", f"/v1/people/{person_id}/export", **call).json_body
    assert export["next_cursor"] is None
    return {**export["held"], "sightings": export["sightings"], "claims": export["claims"]}


def test_everything_that_names_a_person_is_in_the_export(api: Api) -> None:
    ada = a_busy_life(api)
    items = found(api, ada)
    sections = exported(api, ada)
    assert {each for each, _ in items} == {*SECTIONS, *LEFT_OUT}, "every kind is there, and is spoken for"
    for what, keys in items:
        if what in SECTIONS:
            section = sections[SECTIONS[what]]
            assert section, what
            missing = [each for each in IDS.findall(keys) if each not in json.dumps(section)]
            assert missing == [], what


def test_an_export_says_nothing_of_who_others_are(api: Api) -> None:
    ada = a_busy_life(api)
    told = json.dumps(exported(api, ada))
    assert [name for name in ("Ben", "Cem") if api.world.people[name] in told] == []
    assert exported(api, ada)["lookalikes"] == 1
    assert [each["resembles"] for each in exported(api, ada)["registrations"]] == [[], [0.95]]


def test_a_student_s_own_export_tells_of_claims_without_their_figures(api: Api) -> None:
    """As where claims are read: figures help whoever tries faces until one passes."""
    ada = a_busy_life(api)
    claims = exported(api, ada, token="rollcall_ada")["claims"]
    assert [(claim["state"], claim["comparison"]) for claim in claims].count(("accepted", None)) == 1
    assert all(claim["comparison"] for claim in exported(api, ada)["claims"])


def test_exports_are_limited_for_each_caller(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [api.created("/v1/people", {"name": name})["id"] for name in ("Ada", "Ben")]
    paths = [f"/v1/people/{person_id}/export" for person_id in people]
    for number in range(EXPORTS):
        assert api.call("GET", paths[number % 2]).status_code == 200
    refused = api.call("GET", paths[0])
    assert api.code(refused) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) > 0
    own = Caller(people[0], Role.STUDENT)
    wiring.access().add_token("rollcall_ada", own, api.world.now, None)
    assert api.call("GET", paths[0], token="rollcall_ada").status_code == 200, "another caller"
    further = f"{paths[0]}?cursor=ses_{0:032x}"
    assert api.call("GET", further).status_code == 200, "further pages are counted by themselves"
    monkeypatch.setattr("chalicelib.services.limit_exports.PAGES", 1)
    assert api.code(api.call("GET", further)) == (429, "too_many_requests")
    api.world.pass_time(hours=1)
    assert api.call("GET", paths[0]).status_code == 200
