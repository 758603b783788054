"""Claims and reviews over HTTP: who may, and what is told to whom."""

from chalicelib import wiring
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.registrations import RegistrationState
from chalicelib.events.frames import on_frame_uploaded
from chalicelib.services.make_claim import DAY_SECONDS, MOST_OF_A_PERSON
from tests.api.conftest import Api
from tests.support.fakes import picture


def frame_with_a_face(api: Api, really: str = "Ada") -> tuple[str, str]:
    """A frame's id, and a student's token."""
    world = api.world
    course_id = world.add_course()
    for name in ("Ada", "Ben"):
        world.add_person(name, course_id=course_id)
        world.enrol(name)
    frame = world.post_frame(world.open_session(course_id), picture("somebody", really={"somebody": really}))
    on_frame_uploaded(world.event(frame.key), None)
    student = Caller(world.people["Ada"], Role.STUDENT)
    wiring.access().add_token("rollcall_student", student, created_at=world.now, expires_at=None)
    return frame.frame_id, "rollcall_student"


def settle(api: Api, claim_id: str, frame_id: str) -> None:
    session_id = wiring.frames().get(frame_id).session_id
    api.world.settle(wiring.claims().get(session_id, claim_id))


def test_a_student_claims_a_face_for_himself_and_is_told_no_figures(api: Api) -> None:
    frame_id, token = frame_with_a_face(api)
    answer = api.call("POST", f"/v1/frames/{frame_id}/claims", {"point": {"x": 30, "y": 30}}, token=token)
    assert answer.status_code == 202
    made = answer.json_body
    assert (made["state"], made["person_id"], made["face"]) == ("pending", api.world.people["Ada"], 0)
    location = answer.headers["Location"]
    assert api.call("GET", location, token=token).headers["Retry-After"] == "1"
    settle(api, made["id"], frame_id)
    told = api.call("GET", location, token=token).json_body
    assert (told["state"], told["code"], told["comparison"]) == ("accepted", None, None)
    figures = api.call("GET", location).json_body["comparison"]
    assert (figures["similarity"], figures["threshold"]) == (0.97, 0.95)
    session_id = wiring.frames().get(frame_id).session_id
    entry = api.call("GET", f"/v1/sessions/{session_id}/attendance").json_body["items"][0]
    assert (entry["status"], entry["evidence"]["source"], entry["contested_frames"]) == (
        "present",
        "claim",
        [],
    )


def test_a_student_neither_claims_nor_reads_for_another(api: Api) -> None:
    frame_id, token = frame_with_a_face(api)
    path, ben = f"/v1/frames/{frame_id}/claims", api.world.people["Ben"]
    assert api.code(api.call("POST", path, {"person_id": ben, "face": 0}, token=token)) == (403, "forbidden")
    made = api.call("POST", path, {"person_id": ben, "face": 0}).json_body
    assert api.code(api.call("GET", f"{path}/{made['id']}", token=token)) == (403, "forbidden")


def test_a_refused_claim_is_shown_in_the_register_and_marks_nobody(api: Api) -> None:
    frame_id, _ = frame_with_a_face(api, really="a stranger")
    made = api.call(
        "POST", f"/v1/frames/{frame_id}/claims", {"person_id": api.world.people["Ada"], "face": 0}
    )
    settle(api, made.json_body["id"], frame_id)
    session_id = wiring.frames().get(frame_id).session_id
    entry = api.call("GET", f"/v1/sessions/{session_id}/attendance").json_body["items"][0]
    assert (entry["status"], entry["review"]) == ("unseen", None)
    assert entry["refused_claim"]["source"] == "claim"


def test_an_instructor_lists_the_claims_of_a_session_page_by_page(api: Api) -> None:
    frame_id, token = frame_with_a_face(api)
    for name in ("Ada", "Ben"):
        body = {"person_id": api.world.people[name], "face": 0}
        settle(api, api.call("POST", f"/v1/frames/{frame_id}/claims", body).json_body["id"], frame_id)
    path = f"/v1/sessions/{wiring.frames().get(frame_id).session_id}/claims?limit=1"
    first = api.call("GET", path).json_body
    second = api.call("GET", f"{path}&cursor={first['next_cursor']}").json_body
    states = {each["person_id"]: each["state"] for page in (first, second) for each in page["items"]}
    assert states == {api.world.people["Ada"]: "accepted", api.world.people["Ben"]: "refused"}
    assert api.code(api.call("GET", f"{path}&cursor=e30")) == (400, "invalid_request")
    assert api.code(api.call("GET", path, token=token)) == (403, "forbidden")


def test_what_cannot_be_claimed_says_why(api: Api) -> None:
    frame_id, _ = frame_with_a_face(api)
    path, ada = f"/v1/frames/{frame_id}/claims", api.world.people["Ada"]
    eve = api.world.add_person("Eve")
    for body, expected in (
        ({"person_id": ada}, (400, "invalid_request")),
        ({"face": 0}, (400, "invalid_request")),
        ({"person_id": ada, "face": 1}, (404, "face_not_found")),
        ({"person_id": ada, "point": {"x": 900, "y": 900}}, (404, "face_not_found")),
        ({"person_id": eve, "face": 0}, (404, "not_on_roster")),
    ):
        assert api.code(api.call("POST", path, body)) == expected
    session_id = wiring.frames().get(frame_id).session_id
    for _ in range(MOST_OF_A_PERSON):
        wiring.rate_limits().take(f"claims#{session_id}#{ada}", MOST_OF_A_PERSON, DAY_SECONDS)
    refused = api.call("POST", path, {"person_id": ada, "face": 0})
    assert api.code(refused) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) > 0
    assert api.code(api.call("GET", f"{path}/clm_{0:032x}")) == (404, "claim_not_found")


def test_a_duplicate_is_listed_with_both_names_and_decided_once(api: Api) -> None:
    for name in ("Ada", "Bea"):
        api.world.add_person(name)
    api.world.enrol("Ada")
    registration = api.world.enrol("Bea", "Ada~2")
    assert registration.state is RegistrationState.AWAITING_REVIEW
    (review,) = api.call("GET", "/v1/registrations-awaiting-review").json_body["items"]
    assert (review["name"], [each["name"] for each in review["resembles"]]) == ("Bea", ["Ada"])
    assert review["registration"]["state"] == "awaiting_review"
    path = f"/v1/people/{registration.person_id}/registrations/{registration.registration_id}/decision"
    decided = api.call("POST", path, {"decision": "same_person"}).json_body
    assert (decided["state"], decided["outcome"]["code"]) == ("refused", "duplicate_identity")
    assert decided["outcome"]["decided_by"].startswith("adm_")
    assert api.code(api.call("POST", path, {"decision": "two_people"})) == (409, "nothing_to_decide")
    assert api.call("GET", "/v1/registrations-awaiting-review").json_body["items"] == []
