"""The audit log: who did what, when, to which ids, with which outcome. Never names, never bodies.

Days are sealed by signed digests, each of which holds the hash of the one before: an entry that was changed, removed
or added afterwards is noticed, and so is a digest that was.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from chalicelib.domain.canonical import sha256_of
from chalicelib.domain.signing import Signed

DIGEST = "audit_digest"
# A day is sealed when nothing of it can be under way any more: requests last half a minute.
SETTLED_AFTER = timedelta(minutes=5)
Line = tuple[str, str]


@dataclass(frozen=True)
class AuditEntry:
    """One act. `act`: the route's method and pattern; `ids`: those of its path; `status`: what was answered."""

    entry_id: str
    at: datetime
    subject: str
    role: str
    act: str
    ids: Mapping[str, str]
    status: int

    @property
    def day(self) -> date:
        return self.at.date()

    @property
    def key(self) -> str:
        """Sorts by time."""
        return f"{self.at:%Y-%m-%dT%H:%M:%S.%f}Z#{self.entry_id}"

    @property
    def line(self) -> Line:
        """Its key, and the hash of everything it says."""
        document = {
            "key": self.key,
            "subject": self.subject,
            "role": self.role,
            "act": self.act,
            "ids": dict(self.ids),
            "status": self.status,
        }
        return self.key, sha256_of(document)


@dataclass(frozen=True)
class SealedDay:
    """A digest with the lines that it was made of."""

    digest: Signed
    lines: tuple[Line, ...]


def digest_of(day: date, lines: Sequence[Line], previous: Signed | None) -> dict[str, Any]:
    """What is signed for a day; the same again for the same entries."""
    return {
        "kind": DIGEST,
        "day": day.isoformat(),
        "entries": len(lines),
        "root": root_of(lines),
        "previous": None if previous is None else sha256_of(previous.document),
    }


def root_of(lines: Iterable[Line]) -> str:
    return sha256("".join(f"{key} {digest}\n" for key, digest in sorted(lines)).encode()).hexdigest()


def days_to_seal(last: date | None, first: date, now: datetime) -> Iterator[date]:
    """Every day after the last sealed one, or from the first on, that is over and settled."""
    day = first if last is None else last + timedelta(days=1)
    while day < (now - SETTLED_AFTER).date():
        yield day
        day += timedelta(days=1)


def differences(sealed: Sequence[Line], found: Sequence[Line]) -> tuple[str, ...]:
    """What became of a day's entries since it was sealed, in words."""
    before, after = dict(sealed), dict(found)
    return tuple(
        f"{_became(before, after, key)}: {key}"
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    )


def _became(before: Mapping[str, str], after: Mapping[str, str], key: str) -> str:
    if key not in after:
        return "removed"
    return "added" if key not in before else "changed"
