"""Judge what the API said of the class against who was placed in its frames."""

import statistics
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chalicelib.domain.sightings import Decision, Sighting
from chalicelib.vision.drawing import annotate
from infra.demo.scenario import Scenario, SceneFrame
from infra.demo.scenes import same_place
from infra.demo.story import Story, story_faults


@dataclass(frozen=True)
class SeenFrame:
    """A frame with what the API said of it, and how long it took from the post to the answer."""

    frame_id: str
    scene: SceneFrame
    sightings: tuple[Sighting, ...]
    milliseconds: float


@dataclass(frozen=True)
class Figures:
    """What the demo counts; written to build/demo.json."""

    seed: int
    students: int
    registered: int
    present: int
    wrong: int
    strangers_seen: int
    strangers_accepted: int
    frames: int
    faces: int
    faces_found: int
    frame_ms_p50: float
    frame_ms_p95: float
    wall_seconds: float
    story: Story


@dataclass(frozen=True)
class Played:
    """All that came of the demo."""

    figures: Figures
    seen: tuple[SeenFrame, ...]
    name_by_id: dict[str, str]
    missed: tuple[str, ...]


def judge(
    scenario: Scenario,
    name_by_id: dict[str, str],
    registered: int,
    seen: tuple[SeenFrame, ...],
    register: tuple[dict[str, Any], ...],
    story: Story,
    seed: int,
    wall_seconds: float,
) -> Played:
    """`register`: that of the first session, which has all students, as the cameras left it."""
    verdicts = [verdict for frame in seen for verdict in judged(frame, name_by_id)]
    strangers = set(scenario.strangers)
    shown = {name for frame in seen for name in frame.scene.people}
    present = {name_by_id[item["person_id"]] for item in register if item["status"] == "present"}
    milliseconds = sorted(frame.milliseconds for frame in seen)
    wrong = sum(
        v.accepted_as is not None and v.shows not in strangers and v.accepted_as != v.shows for v in verdicts
    )
    figures = Figures(
        seed=seed,
        students=len(scenario.students),
        registered=registered,
        present=len(present),
        wrong=wrong + len(present - shown),
        strangers_seen=len({v.shows for v in verdicts if v.shows in strangers and v.found}),
        strangers_accepted=sum(v.accepted_as is not None for v in verdicts if v.shows in strangers),
        frames=len(seen),
        faces=sum(len(frame.scene.placed) for frame in seen),
        faces_found=sum(v.found for v in verdicts if v.shows is not None),
        frame_ms_p50=round(statistics.median(milliseconds), 1),
        frame_ms_p95=round(milliseconds[round(0.95 * (len(milliseconds) - 1))], 1),
        wall_seconds=round(wall_seconds, 1),
        story=story,
    )
    missed = tuple(sorted(shown.intersection(scenario.students) - present))
    return Played(figures, seen, name_by_id, missed)


@dataclass(frozen=True)
class Verdict:
    """One face: whom it shows (None: nobody was placed there), whether it was found, whom it was accepted as."""

    shows: str | None
    found: bool
    accepted_as: str | None


def judged(frame: SeenFrame, name_by_id: dict[str, str]) -> Iterator[Verdict]:
    """Every placed face, and every sighting where nobody was placed."""
    rest = list(frame.sightings)
    for placed in frame.scene.placed:
        sighting = next((each for each in rest if same_place(each.box, placed.box)), None)
        if sighting is not None:
            rest.remove(sighting)
        yield Verdict(frame.scene.people[placed.index], sighting is not None, _accepted(sighting, name_by_id))
    for sighting in rest:
        yield Verdict(None, found=True, accepted_as=_accepted(sighting, name_by_id))


def sighting_at(frame: SeenFrame, name: str) -> Sighting | None:
    """The sighting where somebody was placed."""
    here = next(placed for placed in frame.scene.placed if frame.scene.people[placed.index] == name)
    return next((each for each in frame.sightings if same_place(each.box, here.box)), None)


def _accepted(sighting: Sighting | None, name_by_id: dict[str, str]) -> str | None:
    if sighting is None or sighting.decision is not Decision.ACCEPTED or sighting.candidate is None:
        return None
    return name_by_id[sighting.candidate]


def faults(figures: Figures, *, may_miss: int) -> list[str]:
    """What went wrong, in words; nothing if the demo did what it promises."""
    found = [
        (
            figures.registered < figures.students,
            f"{figures.students - figures.registered} could not register",
        ),
        (
            figures.present < figures.students - may_miss,
            f"only {figures.present} of {figures.students} present",
        ),
        (figures.wrong > 0, f"{figures.wrong} accepted as somebody else"),
        (figures.strangers_accepted > 0, f"{figures.strangers_accepted} strangers accepted"),
    ]
    fewest_proposed = max(1, (figures.students - may_miss) // 2)
    return [words for wrong, words in found if wrong] + story_faults(figures.story, fewest_proposed)


def as_json(figures: Figures) -> dict[str, Any]:
    """Flat, but for retraining."""
    flat = asdict(figures)
    story: dict[str, Any] = flat.pop("story")
    return flat | story


def picture_to_save(played: Played) -> tuple[bytes, tuple[Sighting, ...]]:
    """The frame in which most was seen, with a stranger in it if there is one: unknown stays unknown."""

    def worth(frame: SeenFrame) -> tuple[bool, int]:
        unknown = any(sighting.decision is Decision.UNKNOWN for sighting in frame.sightings)
        return unknown, len(frame.sightings)

    best = max(played.seen, key=worth)
    return best.scene.jpeg, best.sightings


def table(register: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The register: name, id, status, first seen, similarity."""
    yield f"{'name':22} {'id':37} {'status':8} {'first seen':20} similarity"
    for item in register:
        evidence = item["evidence"]
        similarity = "" if evidence is None else f"{evidence['similarity']:.4f}"
        first_seen = (item["first_seen"] or "")[:19].replace("T", " ")
        yield f"{item['name'][:22]:22} {item['person_id']:37} {item['status']:8} {first_seen:20} {similarity}"


def save(played: Played, folder: Path) -> Path:
    """The annotated frame."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "demo-frame.jpg"
    jpeg, sightings = picture_to_save(played)
    path.write_bytes(annotate(jpeg, sightings, played.name_by_id))
    return path
