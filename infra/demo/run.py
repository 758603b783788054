"""Play a class through the public API: enrol, post frames, close the session, read the register; and what follows."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from chalicelib.domain.sightings import Decision
from infra.demo.claiming import claim_faces
from infra.demo.client import until
from infra.demo.erasing import erase
from infra.demo.judge import Played, SeenFrame, judge, table
from infra.demo.lookalikes import register_lookalikes
from infra.demo.looks import look
from infra.demo.retraining import NONE, retrain
from infra.demo.reviewing import correct, review
from infra.demo.scenario import HeadsScenario, Scenario
from infra.demo.school import PATIENCE_SECONDS, School, found_school, start_registrations, what_became_of
from infra.demo.service import Service
from infra.demo.story import Story

Say = Callable[[str], None]


def play(scenario: Scenario, service: Service, seed: int, say: Say) -> Played:
    """The whole class, from an empty service to an erasure.

    With photographs nobody claims a face and nobody has a look-alike: what comes of either depends on the photographs.
    """
    started = time.perf_counter()
    school = found_school(service)
    counts: dict[str, int] = {}
    seen: list[SeenFrame] = []
    drawn = scenario if isinstance(scenario, HeadsScenario) else None

    def count(scene: tuple[dict[str, int], tuple[SeenFrame, ...]]) -> None:
        counts.update(scene[0])
        seen.extend(scene[1])

    _register(scenario, school, scenario.students[:-1] if drawn else scenario.students, say)
    session_id = school.open_session()
    if drawn:
        school.add(drawn.students[-1])
        count(claim_faces(school, session_id, drawn, say))
    registered = _registered(school, scenario.students)
    say("\nA class.")
    seen.extend(_take_frames(scenario, school, session_id, say))
    register = _close(school, session_id, say)
    counts |= correct(school, session_id, scenario.students[1 % len(scenario.students)], say)
    count(review(school, scenario, say))
    session_id = school.open_session()
    retraining = NONE
    if registered == len(scenario.students):
        retraining, scene = retrain(school, session_id, scenario, say)
        count(scene)
    if drawn:
        count(register_lookalikes(school, session_id, drawn, say))
    count(erase(school, session_id, scenario, seen, say))
    seconds = time.perf_counter() - started
    return judge(
        scenario,
        school.name_by_id,
        registered,
        tuple(seen),
        register,
        Story(retraining=retraining, **counts),
        seed,
        seconds,
    )


def _register(scenario: Scenario, school: School, students: tuple[str, ...], say: Say) -> None:
    """Everybody with consent, on the roster, with all registrations uploaded and read."""
    waiting = []
    for student in students:
        person_id = school.add(student)
        paths = start_registrations(school.admin, person_id, tuple(scenario.registrations(student)))
        waiting += [(student, path) for path in paths]
    for student, path in waiting:
        read = what_became_of(school.admin, path)
        say(f"  {student}: {read['state']}. {read['outcome']['explanation']}")


def _registered(school: School, students: tuple[str, ...]) -> int:
    """How many are enrolled."""
    states = [
        {
            each["state"]
            for each in school.admin.get(f"/v1/people/{school.id_of(name)}/registrations")["items"]
        }
        for name in students
    ]
    return sum("enrolled" in state for state in states)


def _take_frames(scenario: Scenario, school: School, session_id: str, say: Say) -> Iterator[SeenFrame]:
    """Every other frame is posted, the others are uploaded by ticket."""
    for number, scene in enumerate(scenario.frames(), start=1):
        seen = look(school.camera, session_id, scene, by_ticket=number % 2 == 0)
        accepted = sum(sighting.decision is Decision.ACCEPTED for sighting in seen.sightings)
        say(f"  frame {number}: {len(seen.sightings)} of {len(scene.placed)} faces, {accepted} accepted")
        yield seen


def _close(school: School, session_id: str, say: Say) -> tuple[dict[str, Any], ...]:
    path = f"/v1/sessions/{session_id}"
    state = school.instructor.post(f"{path}/close")["state"]
    say(f"  session {state}")
    until(
        lambda: school.instructor.get(path),
        lambda session: session["state"] == "closed",
        PATIENCE_SECONDS,
        "Closing",
    )
    register = school.register_of(session_id)
    say(f"\n{chr(10).join(table(register))}")
    return register
