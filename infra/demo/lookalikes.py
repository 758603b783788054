"""A face that is enrolled already: a twin, whom a human tells apart, and one person under two names."""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.sightings import Decision
from infra.demo.judge import SeenFrame, sighting_at
from infra.demo.looks import TRIES, look_until_found
from infra.demo.scenario import HeadsScenario, Upload
from infra.demo.school import School, start_registrations, what_became_of


def register_lookalikes(
    school: School, session_id: str, scenario: HeadsScenario, say: Callable[[str], None]
) -> tuple[dict[str, int], tuple[SeenFrame, ...]]:
    """The third student's twin registers, and the second student a second time."""
    sibling, double = scenario.students[2], scenario.students[1]
    twin, alias = f"Robin {_surname(sibling)}", f"{double[0]}. {_surname(double)}"
    clips = scenario.another_clip_of(sibling), scenario.another_clip_of(double)
    say("\nLook-alikes. Every face that registers is searched among everybody enrolled.")
    waiting = [_register(school, name, clip) for name, clip in zip((twin, alias), clips, strict=True)]
    flagged = {
        review["registration"]["id"]: review
        for review in school.admin.get("/v1/registrations-awaiting-review")["items"]
    }
    decided = []
    for (path, state), name, of, decision in zip(
        waiting, (twin, alias), (sibling, double), ("two_people", "same_person"), strict=True
    ):
        taken_for = _taken_for(flagged.get(path.rpartition("/")[2]))
        say(f"  {name} registers: {state}{f', taken for {taken_for}' if taken_for else ''}.")
        after = state
        if state == "awaiting_review":
            after = school.admin.post(f"{path}/decision", {"decision": decision})["state"]
            say(f"  an admin decides {decision}: {after}.")
        decided.append((after, taken_for == of))
    school.admin.post(f"/v1/people/{school.id_of(alias)}/archive")
    scenes = (scenario.picture_of((twin,), 20 + number, {twin: sibling}) for number in range(TRIES))
    seen = look_until_found(school.camera, session_id, scenes, (twin,))
    left = _left_to_a_human(seen[-1], twin, say)
    figures = {
        "duplicates_flagged": sum(rightly for _, rightly in decided),
        "duplicates_enrolled": int(decided[0][0] == "enrolled"),
        "duplicates_refused": int(decided[1][0] == "refused"),
        "twins_left_to_humans": int(left),
    }
    return figures, seen


def _register(school: School, name: str, clip: Upload) -> tuple[str, str]:
    (path,) = start_registrations(school.admin, school.add(name), [clip])
    return path, what_became_of(school.admin, path)["state"]


def _taken_for(review: dict[str, Any] | None) -> str | None:
    """The name of the likest."""
    if review is None or not review["resembles"]:
        return None
    name: str | None = review["resembles"][0]["name"]
    return name


def _left_to_a_human(frame: SeenFrame, twin: str, say: Callable[[str], None]) -> bool:
    sighting = sighting_at(frame, twin)
    if sighting is None:
        return False
    say(
        f"  the camera sees {twin}: {sighting.decision.value}, "
        f"as the margin between the two is {sighting.margin:.4f} only. The instructor decides."
    )
    return sighting.decision is Decision.REVIEW


def _surname(name: str) -> str:
    return name.split()[-1]
