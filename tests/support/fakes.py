"""A recogniser whose pictures say in plain text whom they show: the register is tested apart from recognition."""

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from chalicelib.domain.canonical import fingerprint
from chalicelib.domain.claims import Comparison
from chalicelib.domain.errors import PackRefused, TooManyRequests, TrainingNotStarted, UnreadablePicture
from chalicelib.domain.quality import CameraHealth, Condition, Reason
from chalicelib.domain.retraining import Progress, RetrainingJob, TrainingStatus
from chalicelib.domain.sightings import Box, Decision, Seen, Sighting
from chalicelib.domain.templates import LEARNED, ExtractedViews, Template

MARK = b"FACES:"
PNG = b"\x89PNG\r\n\x1a\n"


def picture(
    *faces: str,
    decision: Decision = Decision.ACCEPTED,
    score: float = 0.97,
    reasons: Sequence[Reason] = (),
    conditions: Sequence[Condition] = (),
    really: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """A PNG of one pixel, followed by the faces it shows: names of people, or anything for strangers.

    `reasons` are what is wrong with each of the faces, `conditions` with the camera. A face is matched as what it is
    called, and is `really` somebody else where a claim compares it.
    """
    shown = [
        {
            "face": face,
            "is": really.get(face, face),
            "decision": decision,
            "score": score,
            "reasons": reasons,
        }
        for face in faces
    ]
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


def _box(place: int) -> Box:
    return Box(10 + 60 * place, 10, 50, 50)


def _similarity(face: str, other: str) -> float:
    if face == other:
        return 1.0
    return 0.95 if face.partition("~")[0] == other.partition("~")[0] else 0.2


@dataclass(frozen=True)
class FakeModel:
    """`threshold` stands for all that a model may learn."""

    model_id: str
    cohort_size: int = 0
    threshold: float = 0.95


def learned_model(pack_id: str = "fake-1", threshold: float = 0.9) -> tuple[str, dict[str, bytes]]:
    """The id and the files of what retraining might have learned for a FakeRecogniser."""
    declaration = {"format": 1, "pack_id": pack_id, "thresholds": {"accept": threshold}, "projection": None}
    model_id = f"{pack_id}{LEARNED}{fingerprint(declaration)}"
    return model_id, {"model.json": json.dumps(declaration).encode()}


@dataclass(frozen=True)
class FakeGallery:
    model: FakeModel
    person_by_face: dict[str, str]
    lookalikes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def model_id(self) -> str:
        return self.model.model_id

    @property
    def person_ids(self) -> tuple[str, ...]:
        return tuple(self.person_by_face.values())


class FakeRecogniser:
    """Templates hold the face's name as their embedding; a face is known if a template in the gallery holds it.

    What stands after a ~ tells twins apart: "Ada" and "Ada~2" are alike, and each is told from the other.
    """

    def __init__(self, model_id: str = "fake-1") -> None:
        self.model_id = model_id
        self.galleries_built = 0
        self.views_extracted = 0
        self.compared = 0
        self.cohort_size = 0
        self.cohort: list[str] = []

    @property
    def shipped(self) -> FakeModel:
        return FakeModel(self.model_id, self.cohort_size)

    def learned(self, files: Mapping[str, bytes]) -> FakeModel:
        if "model.json" not in files:
            raise PackRefused("model.json is missing")
        declaration = json.loads(files["model.json"])
        model_id = f"{self.model_id}{LEARNED}{fingerprint(declaration)}"
        thresholds = declaration["thresholds"] or {}
        return FakeModel(model_id, self.cohort_size, thresholds.get("accept", 0.95))

    def gallery(
        self,
        templates: Sequence[Template],
        cohort: Sequence[Template] = (),
        lookalikes: Mapping[str, frozenset[str]] = MappingProxyType({}),
        learned: FakeModel | None = None,
    ) -> FakeGallery:
        self.galleries_built += 1
        self.cohort = [template.person_id for template in cohort]
        people = {t.occasions[-1].embeddings[0].decode(): t.person_id for t in templates}
        return FakeGallery(learned or self.shipped, people, lookalikes)

    def recognise(self, data: bytes, gallery: FakeGallery) -> Seen:
        shown = _shown(data)
        conditions = tuple(Condition(code) for code in shown["conditions"])
        sightings = tuple(self._sighting(face, gallery, place) for place, face in enumerate(shown["faces"]))
        return Seen(sightings, CameraHealth(120.0, 30.0, 0.35, conditions))

    def compare(self, data: bytes, box: Box, person_id: str, gallery: FakeGallery) -> Comparison | None:
        """A face claims to be the person whose template it holds, whatever the frame's sightings said."""
        self.compared += 1
        faces = _shown(data)["faces"]
        place = next((place for place, _ in enumerate(faces) if _box(place) == box), None)
        if place is None:
            return None
        genuine = gallery.person_by_face.get(faces[place]["is"]) == person_id
        similarity = 0.97 if genuine else 0.4
        model_id, threshold = gallery.model.model_id, gallery.model.threshold
        return Comparison(model_id, box, similarity, similarity, 0.1, threshold, similarity, accepted=genuine)

    def similarities(self, template: Template, others: Sequence[Template]) -> tuple[float, ...]:
        face = template.occasions[-1].embeddings[0].decode()
        return tuple(_similarity(face, other.occasions[-1].embeddings[0].decode()) for other in others)

    def duplicate_threshold(self, _enrolment_counts: tuple[int, int], _people: int) -> float:
        return 0.9

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

    def _sighting(self, shown: Any, gallery: FakeGallery, place: int) -> Sighting:
        candidate = gallery.person_by_face.get(shown["face"])
        known = candidate is not None
        return Sighting(
            box=_box(place),
            detection=0.99,
            quality=0.9,
            candidate=candidate,
            similarity=shown["score"] if known else 0.5,
            score=shown["score"] if known else 0.5,
            margin=0.1,
            threshold=gallery.model.threshold,
            confidence=0.9,
            decision=Decision(shown["decision"]) if known else Decision.UNKNOWN,
            reasons=tuple(Reason(code) for code in shown["reasons"]),
        )


class FakeTrainingJobs:
    """Runs nothing: a test says how far a job is, and puts what it made where it belongs."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.progress: dict[str, Progress] = {}
        self.refuses = ""

    def start(self, job: RetrainingJob) -> None:
        if self.refuses:
            raise TrainingNotStarted(self.refuses)
        if job.job_id not in self.progress:
            self.started.append(job.job_id)
            self.progress[job.job_id] = Progress(TrainingStatus.IN_PROGRESS)

    def describe(self, job: RetrainingJob) -> Progress | None:
        return self.progress.get(job.job_id)


class FakeRateLimits:
    """Counts each key for ever, and refuses what goes over its limit; a test empties `taken` to let time pass."""

    def __init__(self) -> None:
        self.taken: dict[str, int] = {}

    def take(self, key: str, limit: int, window_seconds: int) -> None:
        if self.taken.get(key, 0) >= limit:
            raise TooManyRequests(f"Only {limit} in {window_seconds} seconds.", window_seconds)
        self.taken[key] = self.taken.get(key, 0) + 1
