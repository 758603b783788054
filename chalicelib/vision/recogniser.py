"""A model pack at work: frames to sightings, uploads to views.

The recogniser knows the pack's nets; by which thresholds and with what projection a face is scored, the gallery says.
So one recogniser serves whatever was learned on its pack, from one frame to the next.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.claims import Comparison
from chalicelib.domain.errors import EmptyBody, ModelNotInstalled, UnreadablePicture
from chalicelib.domain.sightings import Box, Decision, Seen, Sighting
from chalicelib.domain.templates import ExtractedViews, Template
from chalicelib.vision.boxes import overlaps
from chalicelib.vision.decode import Picture, decode_picture
from chalicelib.vision.faces import Face
from chalicelib.vision.health import judge_camera
from chalicelib.vision.learned import Learned, load_learned
from chalicelib.vision.matching import Gallery, Match, match, scored, similarities, stands_apart
from chalicelib.vision.pack import Pack
from chalicelib.vision.pipeline import Pipeline
from chalicelib.vision.quality import FaceQuality, measure, reasons
from chalicelib.vision.thresholds import Operating
from chalicelib.vision.views import (
    ODD_ONE_OUT,
    REDUNDANT,
    UNREADABLE,
    Samples,
    diverse,
    good_view,
    of_one_person,
)

HOPELESS_QUALITY = 0.25
"""Half of what an enrolment asks for. Such a face is sighted, and may be put before a human, but never marks anybody
present by itself: thresholds are measured on ordinary photos and promise nothing about it."""
SAME_PLACE = 0.5
"""How much of two boxes must be common for them to be of one face. A net that finds it again gives the same box."""


class OpaqueModel(Protocol):
    """A model as services hold it."""

    @property
    def model_id(self) -> str: ...
    @property
    def cohort_size(self) -> int: ...


class OpaqueGallery(Protocol):
    """A gallery as services hold it: what is in it is the recogniser's own affair."""

    @property
    def model_id(self) -> str: ...
    @property
    def person_ids(self) -> tuple[str, ...]: ...


class Recogniser:
    """`stranger_share`: which part of the faces seen is assumed to be of people who are not enrolled."""

    def __init__(self, pack: Pack, stranger_share: float = 0.1) -> None:
        self._pack = pack
        self._pipeline = Pipeline(pack)
        self._stranger_share = stranger_share

    @property
    def model_id(self) -> str:
        """Of the pack, by which its templates are keyed."""
        return self._pack.model_id

    @property
    def shipped(self) -> Learned:
        """The model of the pack with nothing learned on top."""
        return Learned.of(self._pack)

    def learned(self, files: Mapping[str, bytes]) -> Learned:
        """A model that retraining learned on this pack, of its files by name. Raises PackRefused."""
        return load_learned(files, self._pack)

    def gallery(
        self,
        templates: Sequence[Template],
        cohort: Sequence[Template] = (),
        lookalikes: Mapping[str, frozenset[str]] = MappingProxyType({}),
        learned: OpaqueModel | None = None,
    ) -> Gallery:
        """Of the model, or as shipped. Raises ModelNotInstalled: a model of another pack; and TemplateRefused: a
        template of another pack, or damaged.
        """
        model = self.shipped if learned is None else self._own_model(learned)
        dimension, rivals = self._pack.embedder.dimension, model.thresholds.rivals
        return Gallery.of(templates, self.model_id, dimension, rivals, cohort, lookalikes, model)

    def similarities(self, template: Template, others: Sequence[Template]) -> tuple[float, ...]:
        """Of a person to each of the others, raw: who is enrolled twice is looked for by the pack as it was shipped,
        whatever was learned on it since, for the thresholds of that are measured once for all. Raises TemplateRefused.
        """
        found = similarities(template, others, self.model_id, self._pack.embedder.dimension)
        return tuple(found.tolist())

    def duplicate_threshold(self, enrolment_counts: tuple[int, int], people: int) -> float:
        """From which similarity on two templates may be one person's, where so many people are compared with.

        The pack's, as `similarities` are.
        """
        return self._pack.thresholds.duplicate_threshold(enrolment_counts, people)

    def recognise(self, picture: bytes, gallery: OpaqueGallery) -> Seen:
        """Every face of the picture, the largest first, and how the camera does.

        Raises UnsupportedMediaType, UnreadablePicture, TooManyPixels; ModelNotInstalled for a gallery of another
        pack.
        """
        roster, thresholds = self._own(gallery)
        pixels = _decoded(picture)
        look = self._pipeline.look(pixels)
        embeddings = self._pipeline.embed(look.picture, look.faces)
        matches = match(embeddings, roster, thresholds, self._stranger_share)
        sightings = tuple(
            _sighting(face, measure(pixels, face), found)
            for face, found in zip(look.faces, matches, strict=True)
        )
        return Seen(sightings, judge_camera(pixels))

    def compare(self, picture: bytes, box: Box, person_id: str, gallery: OpaqueGallery) -> Comparison | None:
        """The face at the box, 1:1 with one person of the gallery; None if there is no face.

        It is scored as every face of a frame is, and held to the threshold of a claim. A view that is hopeless, or is
        no more like the person than like a look-alike of theirs, is not accepted. Raises as `recognise` does.
        """
        roster, thresholds = self._own(gallery)
        pixels = _decoded(picture)
        look = self._pipeline.look(pixels)
        overlap = overlaps(box, [face.box for face in look.faces])
        if max(overlap, default=0.0) < SAME_PLACE:
            return None
        face = look.faces[int(np.argmax(overlap))]
        embeddings = self._pipeline.embed(look.picture, [face])
        return self._compared(embeddings, face, measure(pixels, face), person_id, roster, thresholds)

    def _compared(
        self,
        embeddings: NDArray[np.float32],
        face: Face,
        quality: FaceQuality,
        person_id: str,
        roster: Gallery,
        thresholds: Operating,
    ) -> Comparison:
        (plain,), (scores,) = scored(embeddings, roster)
        person = roster.person_ids.index(person_id)
        count, score = roster.enrolment_counts[person], float(scores[person])
        others = np.delete(scores, person)
        return Comparison(
            model_id=roster.model_id,
            box=face.box,
            similarity=float(plain[person]),
            score=score,
            margin=score - float(others.max()) if others.size else score,
            threshold=thresholds.claim(count),
            confidence=thresholds.confidence(score, count, self._stranger_share),
            accepted=score >= thresholds.claim(count)
            and quality.score >= HOPELESS_QUALITY
            and stands_apart(scores, person, roster, thresholds.lookalike_margin),
        )

    def _own(self, gallery: OpaqueGallery) -> tuple[Gallery, Operating]:
        """The gallery with the thresholds of its model that are in force for it."""
        if not isinstance(gallery, Gallery) or gallery.learned is None:
            raise ModelNotInstalled(f"The gallery is of {gallery.model_id}, this is {self.model_id}.")
        thresholds = self._own_model(gallery.learned).thresholds
        return gallery, thresholds.operating(len(gallery.person_ids), normalised=gallery.normalises)

    def _own_model(self, model: OpaqueModel) -> Learned:
        if not isinstance(model, Learned) or model.pack_id != self.model_id:
            raise ModelNotInstalled(f"The model is {model.model_id}, this is {self.model_id}.")
        return model

    def extract_views(self, uploads: Sequence[bytes]) -> ExtractedViews:
        """The few good views of one person in photos and clips; none, if nothing was good enough.

        Every sample is either kept or counted in `dropped` once. An upload that cannot be read counts as one sample;
        if none can, raises UnsupportedMediaType, UnreadableMedia.
        """
        samples, dropped, rows, origins = Samples(uploads), Counter[str](), [], []
        for picture in samples:
            view = good_view(picture, self._pipeline.look(picture, brighten=False).faces)
            if isinstance(view, str):
                dropped[view] += 1
            else:
                rows.append(self._pipeline.embed(view.picture, [view.face], to_enrol=True)[0])
                origins.append(samples.upload)
        embeddings = np.array(rows, np.float32).reshape(len(rows), self._pack.embedder.dimension)
        theirs = of_one_person(embeddings, self._pack.thresholds.same_person)
        kept = theirs[diverse(embeddings[theirs])]
        dropped[UNREADABLE] = samples.unreadable
        dropped[ODD_ONE_OUT] = len(embeddings) - len(theirs)
        dropped[REDUNDANT] = len(theirs) - len(kept)
        return ExtractedViews(
            embeddings=tuple(np.asarray(embeddings[row], "<f4").tobytes() for row in kept),
            uploads=tuple(origins[row] for row in kept),
            sampled=samples.sampled,
            dropped={reason: count for reason, count in dropped.items() if count},
        )


def _decoded(picture: bytes) -> Picture:
    try:
        return decode_picture(picture)
    except EmptyBody as error:
        raise UnreadablePicture("The picture is empty.") from error


def _sighting(face: Face, quality: FaceQuality, found: Match) -> Sighting:
    hopeless = quality.score < HOPELESS_QUALITY and found.decision is Decision.ACCEPTED
    return Sighting(
        box=face.box,
        detection=face.score,
        quality=quality.score,
        candidate=found.candidate,
        similarity=found.similarity,
        score=found.score,
        margin=found.margin,
        threshold=found.threshold,
        confidence=found.confidence,
        decision=Decision.REVIEW if hopeless else found.decision,
        reasons=reasons(quality),
    )
