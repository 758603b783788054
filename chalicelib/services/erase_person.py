"""Erase a person: everything that is held, in every table and every object version, with a signed receipt.

The first transaction ends the person: the very next frame does not match, and nothing can be added any more. The rest
is work that may be cut off anywhere and is carried on by the minute tick, media before the records that name them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.canonical import canonical
from chalicelib.domain.clock import Clock
from chalicelib.domain.erasure import Erasure, ErasureState, Held, receipt_of, tombstone_of
from chalicelib.domain.retraining import DATASETS
from chalicelib.services.ports import Erasures, Frames, Media, Sessions, Signer, Traces

# By then whatever had read the person before the first transaction has ended: no function runs as long.
SWEEP_AFTER = timedelta(minutes=15)
PAGE_ITEMS = 100
RECORDS = (Held.REGISTRATIONS, Held.IDENTITIES, Held.CONSENTS, Held.RECORDS)


@dataclass(frozen=True)
class Eraser:
    """What an erasure works with, whoever carries it on. `keeps`: how long frames are kept."""

    erasures: Erasures
    traces: Traces
    sessions: Sessions
    frames: Frames
    media: Media
    signer: Signer
    clock: Clock
    keeps: timedelta


def erase_person(
    person_id: str, *, by: str, eraser: Eraser, out_of_time: Callable[[], bool] = lambda: False
) -> Erasure:
    """Erased, or erasing if the time was not enough. Again, it answers the receipt of the first time.

    Raises PersonNotFound, Contention, DeletionFailed.
    """
    erasure = eraser.erasures.begin(person_id, by, eraser.clock())
    if erasure.state is ErasureState.ERASED:
        return erasure
    return carry_on(erasure, eraser, out_of_time)


def carry_on(erasure: Erasure, eraser: Eraser, out_of_time: Callable[[], bool] = lambda: False) -> Erasure:
    """Do what is left; of an erasure that has its receipt, look once more for what was under way when it began."""
    swept = erasure.state is ErasureState.ERASED
    for _ in _work(erasure, eraser):
        if out_of_time():
            return erasure
    if swept:
        eraser.erasures.settle(erasure)
        return erasure
    now = eraser.clock()
    erasure = eraser.erasures.get(erasure.person_id) or erasure
    receipt = eraser.signer.sign(receipt_of(erasure, now))
    return eraser.erasures.conclude(erasure, receipt, now + SWEEP_AFTER)


def _work(erasure: Erasure, eraser: Eraser) -> Iterator[None]:
    """Piece by piece; each kind is counted before any of it goes."""
    person_id = erasure.person_id
    eraser.media.put(f"tombstones/{person_id}", canonical(tombstone_of(erasure)), "application/json")
    eraser.traces.forget_templates(person_id, erasure.model_ids)
    if erasure.state is ErasureState.ERASING:
        eraser.media.delete(DATASETS)  # whoever else is in it: a job that is robbed of it is tried again
    yield
    media = f"registrations/{person_id}/"
    eraser.erasures.note(person_id, Held.MEDIA, len(eraser.media.keys(media)))
    eraser.media.delete(media)
    yield
    session_ids = tuple(_sessions(erasure, eraser))
    yield from _frames(erasure, eraser, session_ids)
    attended = eraser.traces.attended(person_id, session_ids)
    eraser.erasures.note(person_id, Held.ATTENDANCE, len(attended))
    for session_id in attended:
        eraser.traces.forget_attendance(session_id, person_id)
        yield
    eraser.erasures.note(person_id, Held.MEMBERSHIPS, eraser.traces.count(Held.MEMBERSHIPS, person_id))
    eraser.traces.forget_rosters(person_id, erasure.course_ids)
    yield
    for held in RECORDS:
        eraser.erasures.note(person_id, held, eraser.traces.count(held, person_id))
        eraser.traces.forget(held, person_id)
        yield
    eraser.erasures.ask_for_rebuild(person_id, erasure.requested_at)


def _frames(erasure: Erasure, eraser: Eraser, session_ids: tuple[str, ...]) -> Iterator[None]:
    """Whatever names the person, whatever was decided: the picture goes, the sighting loses its candidate.

    A frame in which the person claimed a face shows the person too, whoever was its candidate.
    """
    named = {
        (session_id, frame_id)
        for session_id in session_ids
        for frame_id in eraser.frames.naming(erasure.person_id, session_id)
    }
    claims = eraser.traces.claims(erasure.person_id, session_ids)
    claimed = {(claim.session_id, claim.frame_id) for claim in claims if claim.frame_id is not None}
    found = sorted(named | claimed)
    keys = {frame_id: f"frames/{session_id}/{frame_id}" for session_id, frame_id in found}
    stored: set[str] = set()
    for session_id in dict.fromkeys(session_id for session_id, _ in found):
        stored |= eraser.media.keys(f"frames/{session_id}/")
    eraser.erasures.note(erasure.person_id, Held.SIGHTINGS, len(named))
    eraser.erasures.note(erasure.person_id, Held.CLAIMS, len(claims))
    eraser.erasures.note(erasure.person_id, Held.PICTURES, len(stored.intersection(keys.values())))
    for frame_id, key in keys.items():
        if key in stored:
            eraser.media.delete(key)
        eraser.frames.forget_candidate(frame_id, erasure.person_id)
        yield
    for claim in claims:
        eraser.traces.forget_claim(claim)


def _sessions(erasure: Erasure, eraser: Eraser) -> Iterator[str]:
    """Sessions whose frames are still kept, of every course that the person has ever been on the roster of."""
    since: datetime = eraser.clock() - eraser.keeps
    for course_id in erasure.course_ids:
        cursor = None
        while True:
            page = eraser.sessions.of_course(course_id, PAGE_ITEMS, cursor)
            yield from (session.session_id for session in page.items if session.closes_at >= since)
            cursor = page.cursor
            if cursor is None:
                break
