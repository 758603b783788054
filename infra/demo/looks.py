"""Frames as the room's camera brings them, and what the API says of them."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from chalicelib.domain.quality import Reason
from chalicelib.domain.sightings import Box, Decision, Sighting
from infra.demo.client import Client, until, upload
from infra.demo.judge import SeenFrame, sighting_at
from infra.demo.scenario import SceneFrame
from infra.demo.school import PATIENCE_SECONDS

TRIES = 3
"""Frames taken at most for a face that must be found."""


def look(camera: Client, session_id: str, scene: SceneFrame, *, by_ticket: bool = False) -> SeenFrame:
    """The frame is posted, or uploaded by ticket, and read."""
    started = time.perf_counter()
    frame_id = _send(camera, session_id, scene, by_ticket=by_ticket)
    answer = until(
        lambda: camera.get(f"/v1/frames/{frame_id}?wait=5"),
        lambda frame: frame["state"] != "pending",
        PATIENCE_SECONDS,
        "A frame",
    )
    sightings = tuple(_sighting(item) for item in answer["sightings"])
    return SeenFrame(frame_id, scene, sightings, (time.perf_counter() - started) * 1000)


def look_until_found(
    camera: Client, session_id: str, scenes: Iterable[SceneFrame], people: Sequence[str]
) -> tuple[SeenFrame, ...]:
    """Frame after frame, up to the one in which everybody's face is found: a detector may miss one."""
    seen: list[SeenFrame] = []
    for scene in scenes:
        seen.append(look(camera, session_id, scene))
        if all(sighting_at(seen[-1], name) is not None for name in people):
            break
    return tuple(seen)


def _send(camera: Client, session_id: str, scene: SceneFrame, *, by_ticket: bool) -> str:
    path = f"/v1/sessions/{session_id}"
    if not by_ticket:
        posted: str = camera.post_picture(f"{path}/frames", scene.jpeg)["id"]
        return posted
    frame = camera.post(f"{path}/frame-uploads", {"content_type": "image/jpeg", "length": len(scene.jpeg)})
    upload(frame["upload"], scene.jpeg)
    minted: str = frame["id"]
    return minted


def _sighting(item: dict[str, Any]) -> Sighting:
    read = {
        "box": Box(**item["box"]),
        "decision": Decision(item["decision"]),
        "reasons": tuple(Reason(reason["code"]) for reason in item["reasons"]),
    }
    return Sighting(**{**item, **read})
