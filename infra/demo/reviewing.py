"""A session in which cameras only propose, and a correction: the instructor decides."""

from collections.abc import Callable

from infra.demo.judge import SeenFrame
from infra.demo.looks import look
from infra.demo.rehearsal import FACES_PER_FRAME
from infra.demo.scenario import Scenario
from infra.demo.school import INSTRUCTOR, School

REASON = "Came ten minutes late, by the other door."


def review(
    school: School, scenario: Scenario, say: Callable[[str], None]
) -> tuple[dict[str, int], tuple[SeenFrame, ...]]:
    """Everybody is shown once. One proposal is confirmed by itself, then all that are left."""
    session_id = school.open_session("review")
    groups = [
        scenario.students[first : first + FACES_PER_FRAME]
        for first in range(0, len(scenario.students), FACES_PER_FRAME)
    ]
    seen = tuple(
        look(school.camera, session_id, scenario.picture_of(people, 10 + number))
        for number, people in enumerate(groups)
    )
    before = school.register_of(session_id)
    proposed = [entry for entry in before if entry["review"] is not None]
    unconfirmed = sum(entry["status"] != "unseen" for entry in before)
    say(f"\nReview. In this session cameras only propose: {len(proposed)} proposed, {unconfirmed} present.")
    path = f"/v1/sessions/{session_id}/confirmations"
    if proposed:
        first = proposed[0]
        school.instructor.post(path, {"person_ids": [first["person_id"]]})
        say(f"  {INSTRUCTOR} confirms {first['name']}, at {first['review']['similarity']:.4f}.")
    rest = school.instructor.post(path, {})["items"]
    after = school.register_of(session_id)
    confirmed = sum(entry["status"] == "present" and entry["mark"] is not None for entry in after)
    say(f"  {INSTRUCTOR} confirms the other {len(rest)} at once: {confirmed} present.")
    figures = {
        "review_proposed": len(proposed),
        "review_present_unconfirmed": unconfirmed,
        "review_confirmed": confirmed,
    }
    return figures, seen


def correct(school: School, session_id: str, student: str, say: Callable[[str], None]) -> dict[str, int]:
    """The instructor corrects what cameras said of a student, with a reason; the history keeps both."""
    path = f"/v1/sessions/{session_id}/attendance/{school.id_of(student)}"
    school.instructor.put(path, {"status": "late", "reason": REASON})
    history = school.instructor.get(f"{path}/history")["items"]
    say(f"\nA correction. {INSTRUCTOR} marks {student} late. The history keeps both:")
    for change in history:
        who = "a camera" if change["by"] is None else INSTRUCTOR
        why = "" if change["reason"] is None else f" “{change['reason']}”"
        say(f"  {change['act']} by {who}: {change['before']} → {change['after']}{why}")
    told = {entry["person_id"]: entry for entry in school.register_of(session_id)}[school.id_of(student)]
    last = history[-1]
    kept = (
        len(history) > 1 and last["act"] == "marked" and last["reason"] == REASON and last["by"] is not None
    )
    return {"corrections": int(kept and told["status"] == last["after"] == "late")}
