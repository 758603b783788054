"""Claims in DynamoDB, in the partition of their session."""

from contextlib import suppress
from dataclasses import asdict
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.adapters.dynamo.lifetimes import Lifetime
from chalicelib.adapters.dynamo.pages import read_page
from chalicelib.adapters.dynamo.records import CLAIM, CLAIMED_FACE, ClaimedFaceRecord, ClaimRecord
from chalicelib.adapters.dynamo.transactions import conditional
from chalicelib.domain.claims import Claim, ClaimState, Comparison, Verdict
from chalicelib.domain.errors import ClaimNotFound, FaceTaken
from chalicelib.domain.sightings import Box
from chalicelib.services.ports import Page


class _SettledError(Exception):
    """The claim has a verdict, or is being settled, already."""


class DynamoClaims:
    def __init__(self, lifetime: Lifetime) -> None:
        self._lifetime = lifetime

    def add(self, claim: Claim) -> None:
        record = ClaimRecord(
            session_id=claim.session_id,
            sk=CLAIM + claim.claim_id,
            frame_id=claim.frame_id,
            face=claim.face,
            box=asdict(claim.box),
            person_id=claim.person_id,
            by=claim.by,
            created_at=claim.created_at,
            state=ClaimState.PENDING.value,
            kept_until=self._lifetime.end(claim.created_at),
        )
        new = ClaimRecord.session_id.does_not_exist() | (ClaimRecord.state == ClaimState.REFUSED.value)
        with suppress(_SettledError):
            conditional(lambda: record.save(condition=new), _SettledError())

    def get(self, session_id: str, claim_id: str) -> Claim:
        missing = ClaimNotFound(f"There is no claim {claim_id}.")
        try:
            record = ClaimRecord.get(session_id, CLAIM + claim_id, consistent_read=True)
        except ClaimRecord.DoesNotExist as error:
            raise missing from error
        if self._lifetime.is_over(record):
            raise missing
        return _claim(record)

    def of_session(self, session_id: str, limit: int, cursor: str | None) -> Page[Claim]:
        """By id, which says nothing of when they were made."""
        theirs, keys = ClaimRecord.sk.startswith(CLAIM), ("session_id", "sk")
        return read_page(
            ClaimRecord.query,
            session_id,
            _claim,
            limit,
            cursor,
            keys=keys,
            range_=theirs,
            filter_=self._lifetime.going_on(ClaimRecord),
        )

    def of_person(self, person_id: str, session_id: str) -> tuple[Claim, ...]:
        own = (ClaimRecord.person_id == person_id) & self._lifetime.going_on(ClaimRecord)
        found = ClaimRecord.query(session_id, ClaimRecord.sk.startswith(CLAIM), own, consistent_read=True)
        return tuple(_claim(record) for record in found)

    def take_face(self, claim: Claim) -> None:
        sk = f"{CLAIMED_FACE}{claim.frame_id}#{claim.face}"
        kept_until = self._lifetime.end(claim.created_at)
        record = ClaimedFaceRecord(claim.session_id, sk, person_id=claim.person_id, kept_until=kept_until)
        free = ClaimedFaceRecord.session_id.does_not_exist() | (
            ClaimedFaceRecord.person_id == claim.person_id
        )
        taken = FaceTaken("Another person's claim to this face was accepted.")
        conditional(lambda: record.save(condition=free), taken)

    def conclude(self, claim: Claim, verdict: Verdict) -> None:
        record = ClaimRecord(claim.session_id, CLAIM + claim.claim_id)
        actions: list[Action] = [
            ClaimRecord.verdict.set(asdict(verdict)),
            ClaimRecord.state.set(verdict.state.value),
        ]
        pending = ClaimRecord.state == ClaimState.PENDING.value
        with suppress(_SettledError):
            conditional(lambda: record.update(actions=actions, condition=pending), _SettledError())


def _claim(record: ClaimRecord) -> Claim:
    return Claim(
        claim_id=record.sk.removeprefix(CLAIM),
        session_id=record.session_id,
        frame_id=record.frame_id,
        face=int(record.face),
        box=Box(**record.box),
        person_id=record.person_id,
        by=record.by,
        created_at=record.created_at,
        verdict=None if record.verdict is None else _verdict(record.verdict),
    )


def _verdict(stored: Any) -> Verdict:
    found = stored["comparison"]
    comparison = None if found is None else Comparison(**{**found, "box": Box(**found["box"])})
    return Verdict(ClaimState(stored["state"]), stored["code"], comparison)
