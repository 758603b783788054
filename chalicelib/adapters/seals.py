"""Sealed days in two places: each digest beside the audit log, and with all its lines as an object."""

import json
from contextlib import suppress
from dataclasses import asdict
from datetime import date

from chalicelib.adapters.dynamo.records import DigestRecord
from chalicelib.adapters.dynamo.transactions import conditional
from chalicelib.domain.audit import SealedDay
from chalicelib.domain.canonical import canonical
from chalicelib.domain.errors import DigestNotFound
from chalicelib.domain.signing import Signature, Signed
from chalicelib.services.ports import Media

DIGESTS = "digest"
MAX_BYTES = 256 * 1024 * 1024


class _SealedError(Exception):
    """The day is sealed already."""


class Seals:
    def __init__(self, media: Media) -> None:
        self._media = media

    def add(self, day: date, sealed: SealedDay) -> SealedDay:
        """The object first: it is written once, and what is in it stands."""
        document = {"digest": _stored(sealed.digest), "lines": [list(line) for line in sealed.lines]}
        self._media.put(_key(day), canonical(document), "application/json")
        stands = self.get(day)
        record = DigestRecord(DIGESTS, day.isoformat(), digest=_stored(stands.digest))
        with suppress(_SealedError):
            conditional(lambda: record.save(condition=DigestRecord.sk.does_not_exist()), _SealedError())
        return stands

    def get(self, day: date) -> SealedDay:
        data = self._media.get(_key(day), MAX_BYTES)
        if data is None:
            raise DigestNotFound(f"The audit log of {day.isoformat()} is not sealed.")
        stored = json.loads(data)
        return SealedDay(_signed(stored["digest"]), tuple((key, line) for key, line in stored["lines"]))

    def digest(self, day: date) -> Signed:
        try:
            return _signed(DigestRecord.get(DIGESTS, day.isoformat(), consistent_read=True).digest)
        except DigestRecord.DoesNotExist as error:
            raise DigestNotFound(f"The audit log of {day.isoformat()} is not sealed.") from error

    def latest(self) -> Signed | None:
        newest = DigestRecord.query(DIGESTS, scan_index_forward=False, limit=1, consistent_read=True)
        return next((_signed(record.digest) for record in newest), None)

    def days(self) -> tuple[date, ...]:
        return tuple(
            date.fromisoformat(record.sk) for record in DigestRecord.query(DIGESTS, consistent_read=True)
        )


def _key(day: date) -> str:
    return f"audit/{day.isoformat()}.json"


def _stored(signed: Signed) -> dict[str, object]:
    return {"document": dict(signed.document), "signature": asdict(signed.signature)}


def _signed(stored: dict[str, dict[str, str]]) -> Signed:
    return Signed(stored["document"], Signature(**stored["signature"]))
