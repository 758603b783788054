"""A template: one person's stored features for one model."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.biometrics import ON, Biometrics

LEARNED = "~"
"""In the id of a model that retraining learned, between the id of its pack and the digest of what was learned."""


@dataclass(frozen=True)
class Occasion:
    """The views kept from one upload. Views of one clip are one occasion, however many they are; each photo is its own.

    `embeddings`: each the raw bytes of a (dimension,) little-endian float32 vector of unit norm.
    """

    registration_id: str
    embeddings: tuple[bytes, ...]


@dataclass(frozen=True)
class Template:
    """One person's features for one model; a template never mixes models."""

    person_id: str
    model_id: str
    occasions: tuple[Occasion, ...]

    @property
    def enrolment_count(self) -> int:
        return len(self.occasions)


@dataclass(frozen=True)
class Candidate:
    """The views of one registration as a template of their own: searched by others, and in no gallery yet."""

    registration_id: str
    template: Template


@dataclass(frozen=True)
class Champion:
    """The model in service: a pack as it was shipped, or with what retraining learned on top of it.

    `cohort_version` rises when somebody may not be in a cohort of it any more.

    `biometrics`: whether faces are recognised at all; read with the model, so that a frame costs no further request.
    """

    model_id: str
    cohort_version: int = 0
    biometrics: Biometrics = ON

    @property
    def pack_id(self) -> str:
        """Of the pack that makes its templates, whose embeddings are raw: what is learned is applied when they load."""
        return self.model_id.partition(LEARNED)[0]


@dataclass(frozen=True)
class ExtractedViews:
    """What an enrolment kept of the uploaded media, and why it dropped the rest.

    `uploads`: for each embedding, which of the uploads it comes from.
    `dropped` counts views by reason (`no_face`, `several_faces`, `blurred`, `too_small`, `too_dark`, `odd_one_out`, …).
    """

    embeddings: tuple[bytes, ...]
    uploads: tuple[int, ...]
    sampled: int
    dropped: Mapping[str, int]


def occasions_of(views: ExtractedViews, registration_id: str) -> tuple[Occasion, ...]:
    """One occasion for each upload that gave a view: averaging photos raises strangers' scores as further clips do."""
    kept = list(zip(views.uploads, views.embeddings, strict=True))
    return tuple(
        Occasion(registration_id, tuple(embedding for number, embedding in kept if number == upload))
        for upload in sorted(set(views.uploads))
    )
