"""Reapply erasures after a table was restored: whoever had been erased is erased again."""

import json
from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.erasure import Erasure, erasure_of
from chalicelib.domain.errors import PersonNotFound
from chalicelib.services.erase_person import Eraser, carry_on

MAX_TOMBSTONE_BYTES = 1_000_000


def reapply_erasures(eraser: Eraser) -> Iterator[Erasure]:
    """Whichever tables were restored. Tombstones lie in the bucket too, which no restore of a table touches."""
    for key in sorted(eraser.media.keys("tombstones/")):
        stored = eraser.media.get(key, MAX_TOMBSTONE_BYTES)
        if stored is not None:
            yield _reapply(erasure_of(json.loads(stored)), eraser)


def _reapply(tombstone: Erasure, eraser: Eraser) -> Erasure:
    erasures, person_id = eraser.erasures, tombstone.person_id
    erasure = erasures.get(person_id)
    if erasure is None:
        try:
            erasure = erasures.begin(person_id, tombstone.requested_by, tombstone.requested_at)
        except PersonNotFound:  # the table of people was restored to before the person was added
            erasures.reinstate(tombstone)
            erasure = tombstone
    return carry_on(
        replace(
            erasure,
            course_ids=tuple({*erasure.course_ids, *tombstone.course_ids}),
            model_ids=tuple({*erasure.model_ids, *tombstone.model_ids}),
        ),
        eraser,
    )
