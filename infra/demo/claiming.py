"""Two claims: who registered too late is recognised afterwards, who claims a stranger's face is not."""

from collections.abc import Callable
from typing import Any

from infra.demo.client import Client, until
from infra.demo.judge import SeenFrame, sighting_at
from infra.demo.looks import TRIES, look_until_found
from infra.demo.scenario import HeadsScenario
from infra.demo.school import PATIENCE_SECONDS, School, start_registrations, what_became_of


def claim_faces(
    school: School, session_id: str, scenario: HeadsScenario, say: Callable[[str], None]
) -> tuple[dict[str, int], tuple[SeenFrame, ...]]:
    """The last student registers after a frame was taken and claims the face in it; the first claims a stranger's."""
    late, hasty, stranger = scenario.students[-1], scenario.students[0], scenario.strangers[0]
    scenes = (scenario.picture_of((late, stranger, hasty), number) for number in range(TRIES))
    seen = look_until_found(school.camera, session_id, scenes, (late, stranger))
    unknown = sighting_at(seen[-1], late)
    said = "not found" if unknown is None else unknown.decision.value
    say(f"\nClaims. {late} comes before having registered; to the camera the face is {said}.")
    student = school.sign_in(late)
    uploads = tuple(scenario.registrations(late))
    for path in start_registrations(student, school.id_of(late), uploads):
        say(f"  {late} signs in and registers: {what_became_of(student, path)['state']}.")
    states = [_claim(student, seen[-1], late), _claim(school.sign_in(hasty), seen[-1], stranger)]
    say(f"  {late} claims the face in that frame: {states[0]}.")
    say(f"  {hasty} claims the face of {stranger}, who never registered: {states[1]}, without any figure.")
    for claim in school.instructor.get(f"/v1/sessions/{session_id}/claims")["items"]:
        say(f"  the instructor reads: {_told(claim, school.name_by_id)}")
    figures = {"claims_accepted": states.count("accepted"), "claims_refused": states.count("refused")}
    return figures, seen


def _claim(student: Client, frame: SeenFrame, shows: str) -> str:
    """What became of the student's claim to the face that shows somebody."""
    sighting = sighting_at(frame, shows)
    if sighting is None:
        return "not found"
    path = f"/v1/frames/{frame.frame_id}/claims"
    made = student.post(path, {"face": frame.sightings.index(sighting)})
    answer = until(
        lambda: student.get(f"{path}/{made['id']}?wait=5"),
        lambda claim: claim["state"] != "pending",
        PATIENCE_SECONDS,
        "A claim",
    )
    state: str = answer["state"]
    return state


def _told(claim: dict[str, Any], name_by_id: dict[str, str]) -> str:
    name, compared = name_by_id[claim["person_id"]], claim["comparison"]
    figures = "" if compared is None else f", similarity {compared['similarity']:.4f}"
    asked = "" if compared is None else f" where {compared['threshold']:.4f} is asked"
    return f"{name} {claim['state']}{figures}{asked}"
