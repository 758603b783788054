"""People and their consent. No embedding is made without an active consent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Use(StrEnum):
    """What a consent permits templates to be used for."""

    MATCHING = "matching"
    EVALUATION = "evaluation"
    NORMALISATION = "normalisation"


class Relation(StrEnum):
    """Who signed, seen from the person whom the consent is about."""

    SELF = "self"
    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"
    UNSAID = "unsaid"  # signed before relations were asked for; no new consent may say so


class Method(StrEnum):
    """How a consent was signed."""

    PAPER = "paper"
    ELECTRONIC = "electronic"
    IN_PERSON = "in_person"
    UNSAID = "unsaid"


@dataclass(frozen=True)
class Signer:
    name: str
    relation: Relation


@dataclass(frozen=True)
class Person:
    """A student or an instructor. `revision` rises with every change of the person, courses, consent or templates.

    `external_ids`: the person's id in each other system, for example {"moodle": "123"}. Who is archived is on no
    roster, so matched in no frame, and stays in history.
    `lookalikes`: people whom a human told apart from this one, because their faces are nearly the same.
    """

    person_id: str
    name: str
    created_at: datetime
    revision: int = 0
    external_ids: Mapping[str, str] = field(default_factory=dict)
    archived_at: datetime | None = None
    course_count: int = 0
    lookalikes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Consent:
    """Who permitted what, when, having read which text. Withdrawn is not deleted: both dates are kept."""

    person_id: str
    text_version: str
    text_sha256: str
    signer: Signer
    method: Method
    uses: tuple[Use, ...]
    given_at: datetime
    withdrawn_at: datetime | None = None

    @property
    def active(self) -> bool:
        return self.withdrawn_at is None

    @property
    def permits_matching(self) -> bool:
        """Without it there is no embedding, and nothing is compared."""
        return self.active and Use.MATCHING in self.uses

    @property
    def permits_normalisation(self) -> bool:
        """Whether the person's template may be in the cohort of other people's galleries."""
        return self.permits_matching and Use.NORMALISATION in self.uses

    @property
    def permits_evaluation(self) -> bool:
        """Whether the person's template may be learned from, or tested with."""
        return self.permits_matching and Use.EVALUATION in self.uses
