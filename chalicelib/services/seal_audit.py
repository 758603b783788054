"""Seal the audit log's days that are over: one signed digest a day, each holding the hash of the one before."""

from datetime import date, datetime, timedelta

from chalicelib.domain.audit import SealedDay, days_to_seal, digest_of
from chalicelib.services.ports import Audit, Seals, Signer

# Before the first digest: how far back entries are looked for, if the tick has never run since.
LOOKBACK_DAYS = 30


def seal_audit(now: datetime, *, audit: Audit, seals: Seals, signer: Signer) -> tuple[date, ...]:
    """The days that were sealed now. Twice at once, one digest stands; after an outage all missed days are sealed."""
    last = seals.latest()
    first = _first_day(now, audit) if last is None else now.date()
    sealed = []
    last_day = None if last is None else date.fromisoformat(last.document["day"])
    for day in days_to_seal(last_day, first, now):
        lines = tuple(entry.line for entry in audit.of_day(day))
        document = digest_of(day, lines, last)
        stored = seals.add(day, SealedDay(signer.sign(document), lines))
        last = stored.digest
        sealed.append(day)
    return tuple(sealed)


def _first_day(now: datetime, audit: Audit) -> date:
    """The chain begins with the earliest day that has an entry, or yesterday."""
    days = (now.date() - timedelta(days=back) for back in range(LOOKBACK_DAYS, 1, -1))
    return next((day for day in days if audit.any_of_day(day)), now.date() - timedelta(days=1))
