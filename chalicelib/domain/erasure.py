"""Erasures: everything that is held of a person goes, and a signed receipt says what it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.domain.signing import Signed

RECEIPT, TOMBSTONE = "erasure_receipt", "erasure_tombstone"


class Held(StrEnum):
    """Kinds of what is held of a person, as a receipt counts them."""

    TEMPLATES = "templates"
    MEDIA = "registration_media"
    PICTURES = "pictures"  # of frames in which the person was, or may have been, recognised
    SIGHTINGS = "sightings"
    CLAIMS = "claims"
    ATTENDANCE = "attendance_records"
    REGISTRATIONS = "registrations"
    CONSENTS = "consents"
    MEMBERSHIPS = "memberships"
    IDENTITIES = "sign_in_identities"
    RECORDS = "other_records"


class ErasureState(StrEnum):
    ERASING = "erasing"
    ERASED = "erased"


@dataclass(frozen=True)
class Erasure:
    """One person's erasure, and afterwards its tombstone: opaque ids, times and counts alone.

    `course_ids`: whose frames may name the person; `model_ids`: that have known the face.
    `counts`: what was held, each noted before it was deleted.
    `swept`: everything was looked through once more, after whatever was under way when it began had ended.
    """

    person_id: str
    requested_by: str
    requested_at: datetime
    course_ids: tuple[str, ...] = ()
    model_ids: tuple[str, ...] = ()
    counts: Mapping[Held, int] | None = None
    receipt: Signed | None = None
    swept: bool = False

    @property
    def state(self) -> ErasureState:
        return ErasureState.ERASING if self.receipt is None else ErasureState.ERASED


@dataclass(frozen=True)
class Claimed:
    """An item of a session's table by which a person claimed a face; the frame shows the person."""

    session_id: str
    item: str
    frame_id: str | None


def tombstone_of(erasure: Erasure) -> dict[str, Any]:
    """What a restore needs in order to erase the person again."""
    return {
        "kind": TOMBSTONE,
        "person_id": erasure.person_id,
        "requested_at": erasure.requested_at.isoformat(),
        "requested_by": erasure.requested_by,
        "course_ids": list(erasure.course_ids),
        "model_ids": list(erasure.model_ids),
    }


def erasure_of(tombstone: Mapping[str, Any]) -> Erasure:
    return Erasure(
        person_id=tombstone["person_id"],
        requested_by=tombstone["requested_by"],
        requested_at=datetime.fromisoformat(tombstone["requested_at"]),
        course_ids=tuple(tombstone["course_ids"]),
        model_ids=tuple(tombstone["model_ids"]),
    )


def receipt_of(erasure: Erasure, erased_at: datetime) -> dict[str, Any]:
    """What is signed. It names nobody: the id is opaque, and nothing else of the person is left."""
    counts = erasure.counts or {}
    return {
        "kind": RECEIPT,
        "person_id": erasure.person_id,
        "requested_at": erasure.requested_at.isoformat(),
        "requested_by": erasure.requested_by,
        "erased_at": erased_at.isoformat(),
        "erased": {held.value: counts.get(held, 0) for held in Held},
        "rebuilds": "whatever was learned from this person, at the next retraining",
    }
