"""A model pack at work: frames to sightings, uploads to views."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from chalicelib.domain.errors import EmptyBody, ModelNotInstalled, UnreadablePicture
from chalicelib.domain.sightings import Decision, Seen, Sighting
from chalicelib.domain.templates import ExtractedViews, Template
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.faces import Face
from chalicelib.vision.health import judge_camera
from chalicelib.vision.matching import Gallery, Match, match
from chalicelib.vision.pack import Pack
from chalicelib.vision.pipeline import Pipeline
from chalicelib.vision.quality import FaceQuality, measure, reasons
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


class OpaqueGallery(Protocol):
    """A gallery as services hold it: what is in it is the recogniser's own affair."""

    @property
    def model_id(self) -> str: ...


class Recogniser:
    """`stranger_share`: which part of the faces seen is assumed to be of people who are not enrolled."""

    def __init__(self, pack: Pack, stranger_share: float = 0.1) -> None:
        self._pack = pack
        self._pipeline = Pipeline(pack)
        self._stranger_share = stranger_share

    @property
    def model_id(self) -> str:
        return self._pack.model_id

    @property
    def cohort_size(self) -> int:
        """How many other people's templates a gallery wants for normalising its scores; 0 if none."""
        rivals = self._pack.thresholds.rivals
        return 0 if rivals is None else rivals.cohort

    def gallery(self, templates: Sequence[Template], cohort: Sequence[Template] = ()) -> Gallery:
        """Raises TemplateRefused: a template of another model, or damaged."""
        dimension = self._pack.embedder.dimension
        return Gallery.of(templates, self.model_id, dimension, self._pack.thresholds.rivals, cohort)

    def recognise(self, picture: bytes, gallery: OpaqueGallery) -> Seen:
        """Every face of the picture, the largest first, and how the camera does.

        Raises UnsupportedMediaType, UnreadablePicture, TooManyPixels; ModelNotInstalled for a gallery of another
        model.
        """
        if not isinstance(gallery, Gallery) or gallery.model_id != self.model_id:
            raise ModelNotInstalled(f"The gallery is of {gallery.model_id}, this is {self.model_id}.")
        try:
            pixels = decode_picture(picture)
        except EmptyBody as error:
            raise UnreadablePicture("The picture is empty.") from error
        look = self._pipeline.look(pixels)
        thresholds = self._pack.thresholds.operating(len(gallery.person_ids), normalised=gallery.normalises)
        embeddings = self._pipeline.embed(look.picture, look.faces)
        matches = match(embeddings, gallery, thresholds, self._stranger_share)
        sightings = tuple(
            _sighting(face, measure(pixels, face), found)
            for face, found in zip(look.faces, matches, strict=True)
        )
        return Seen(sightings, judge_camera(pixels))

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
