"""A recogniser whose pictures say in plain text whom they show: the register is tested apart from recognition."""

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import TooManyRequests, UnreadablePicture
from chalicelib.domain.quality import CameraHealth, Condition, Reason
from chalicelib.domain.sightings import Box, Decision, Seen, Sighting
from chalicelib.domain.templates import ExtractedViews, Template

MARK = b"FACES:"
PNG = b"\x89PNG\r\n\x1a\n"


def picture(
    *faces: str,
    decision: Decision = Decision.ACCEPTED,
    score: float = 0.97,
    reasons: Sequence[Reason] = (),
    conditions: Sequence[Condition] = (),
) -> bytes:
    """A PNG of one pixel, followed by the faces it shows: names of people, or anything for strangers.

    `reasons` are what is wrong with each of the faces, `conditions` with the camera.
    """
    shown = [{"face": face, "decision": decision, "score": score, "reasons": reasons} for face in faces]
    return _pixel() + MARK + json.dumps({"faces": shown, "conditions": conditions}).encode()


def clip(face: str, views: int = 2) -> bytes:
    """What stands for a registration video."""
    return _pixel() + MARK + json.dumps({"face": face, "views": views}).encode()


def _pixel() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def _shown(data: bytes) -> Any:
    if MARK not in data:
        raise UnreadablePicture("There is nothing to be read in this picture.")
    return json.loads(data.split(MARK)[1])


@dataclass(frozen=True)
class FakeGallery:
    model_id: str
    person_by_face: dict[str, str]


class FakeRecogniser:
    """Templates hold the face's name as their embedding; a face is known if a template in the gallery holds it."""

    def __init__(self, model_id: str = "fake-1") -> None:
        self.model_id = model_id
        self.galleries_built = 0
        self.views_extracted = 0
        self.cohort_size = 0
        self.cohort: list[str] = []

    def gallery(self, templates: Sequence[Template], cohort: Sequence[Template] = ()) -> FakeGallery:
        self.galleries_built += 1
        self.cohort = [template.person_id for template in cohort]
        people = {t.occasions[-1].embeddings[0].decode(): t.person_id for t in templates}
        return FakeGallery(self.model_id, people)

    def recognise(self, data: bytes, gallery: FakeGallery) -> Seen:
        shown = _shown(data)
        conditions = tuple(Condition(code) for code in shown["conditions"])
        sightings = tuple(self._sighting(face, gallery) for face in shown["faces"])
        return Seen(sightings, CameraHealth(120.0, 30.0, 0.35, conditions))

    def extract_views(self, uploads: Sequence[bytes]) -> ExtractedViews:
        self.views_extracted += 1
        shown = [_shown(upload) for upload in uploads]
        views = [(number, entry) for number, entry in enumerate(shown) for _ in range(entry["views"])]
        return ExtractedViews(
            embeddings=tuple(entry["face"].encode() for _, entry in views),
            uploads=tuple(number for number, _ in views),
            sampled=len(views) + 1,
            dropped={"blurred": 1},
        )

    def _sighting(self, shown: Any, gallery: FakeGallery) -> Sighting:
        candidate = gallery.person_by_face.get(shown["face"])
        known = candidate is not None
        return Sighting(
            box=Box(10, 10, 50, 50),
            detection=0.99,
            quality=0.9,
            candidate=candidate,
            similarity=shown["score"] if known else 0.5,
            score=shown["score"] if known else 0.5,
            margin=0.1,
            threshold=0.95,
            confidence=0.9,
            decision=Decision(shown["decision"]) if known else Decision.UNKNOWN,
            reasons=tuple(Reason(code) for code in shown["reasons"]),
        )


class FakeRateLimits:
    """Counts each key for ever, and refuses what goes over its limit; a test empties `taken` to let time pass."""

    def __init__(self) -> None:
        self.taken: dict[str, int] = {}

    def take(self, key: str, limit: int, window_seconds: int) -> None:
        if self.taken.get(key, 0) >= limit:
            raise TooManyRequests(f"Only {limit} in {window_seconds} seconds.", window_seconds)
        self.taken[key] = self.taken.get(key, 0) + 1
