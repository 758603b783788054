"""An erasure: afterwards no frame names the student, nothing of the student is stored, and a receipt proves it."""

import base64
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from infra.demo.client import until
from infra.demo.judge import SeenFrame, sighting_at
from infra.demo.looks import TRIES, look_until_found
from infra.demo.scenario import Scenario, SceneFrame
from infra.demo.school import PATIENCE_SECONDS, School, external_id_of, guardian_of
from infra.local.search import search_everything
from infra.verify import public_key, signed_of, verified

SLICE_BYTES = 64


def erase(
    school: School,
    session_id: str,
    scenario: Scenario,
    seen: Iterable[SeenFrame],
    say: Callable[[str], None],
) -> tuple[dict[str, int], tuple[SeenFrame, ...]]:
    """The first student leaves the school and wants to be forgotten."""
    student = scenario.students[0]
    person_id = school.id_of(student)
    before = look_until_found(school.camera, session_id, _scenes(scenario, student, 30), (student,))
    say(f"\nAn erasure. {student} leaves the school; the last frame said {_said(before[-1], school)}.")
    sought = _traces(school, person_id, student, [*seen, *before])
    found = _found(school, sought)
    say(f"  before: {len(found)} of {len(sought)} traces found in tables, objects, queues and the log")
    school.admin.delete(f"/v1/people/{person_id}")
    receipt = _receipt(school, person_id)
    good = verified(
        signed_of(receipt), public_key(school.service.client_of("kms"), receipt["signature"]["key_id"])
    )
    counts = {what: count for what, count in receipt["document"]["erased"].items() if count}
    say(f"  the receipt counts what was deleted; its signature is {'good' if good else 'WRONG'}:")
    say(f"    {', '.join(f'{what} {count}' for what, count in counts.items())}")
    after = look_until_found(school.camera, session_id, _scenes(scenario, student, 40), (student,))
    named = sum(sighting.candidate == person_id for frame in after for sighting in frame.sightings)
    say(f"  the next frame says {_said(after[-1], school)}.")
    left = _found(school, sought)
    say(f"  after: {len(left)} of {len(sought)} traces found{': ' if left else ''}{', '.join(sorted(left))}")
    on_register = any(entry["person_id"] == person_id for entry in school.register_of(session_id))
    figures = {
        "erased": int(counts.get("templates", 0) > 0 and not on_register),
        "receipts_verified": int(good),
        "traces_sought": len(sought),
        "traces_before_erasure": len(found),
        "traces_after_erasure": len(left),
        "erased_seen_again": int(sighting_at(after[-1], student) is not None),
        "erased_named": named,
    }
    return figures, before + after


def _scenes(scenario: Scenario, student: str, first: int) -> Iterator[SceneFrame]:
    return (scenario.picture_of((student,), number) for number in range(first, first + TRIES))


def _receipt(school: School, person_id: str) -> dict[str, Any]:
    """Of a large erasure the rest is done by the minute tick."""
    erasure = until(
        lambda: school.admin.get(f"/v1/people/{person_id}/erasure"),
        lambda answer: answer["receipt"] is not None,
        PATIENCE_SECONDS,
        "The erasure",
    )
    receipt: dict[str, Any] = erasure["receipt"]
    return receipt


def _traces(school: School, person_id: str, student: str, seen: Iterable[SeenFrame]) -> dict[str, bytes]:
    """What is looked for: names, the id elsewhere, every stored view of the face, every picture that names the id."""
    held = school.admin.get(f"/v1/people/{person_id}/export")["held"]
    views = [
        base64.b64decode(view)
        for template in held["templates"]
        for occasion in template["occasions"]
        for view in occasion["embeddings"]
    ]
    pictures = [
        frame.scene.jpeg
        for frame in seen
        if any(sighting.candidate == person_id for sighting in frame.sightings)
    ]
    return {
        "name": student.encode(),
        "external id": external_id_of(student).encode(),
        "guardian": guardian_of(student).encode(),
        **{f"view {number}": view for number, view in enumerate(views)},
        **{f"picture {number}": _middle(picture) for number, picture in enumerate(pictures)},
    }


def _middle(data: bytes) -> bytes:
    """Bytes that no other picture has."""
    return data[len(data) // 2 :][:SLICE_BYTES]


def _found(school: School, sought: dict[str, bytes]) -> set[str]:
    logs = {"log": school.service.log()}
    return {found.what for found in search_everything(school.service.client_of, sought, logs)}


def _said(frame: SeenFrame, school: School) -> str:
    """Of the one face in the frame."""
    if not frame.sightings:
        return "nothing: no face was found"
    sighting = frame.sightings[0]
    name = "nobody" if sighting.candidate is None else school.name_by_id[sighting.candidate]
    return f"{sighting.decision.value}, most like {name} ({sighting.similarity:.4f})"
