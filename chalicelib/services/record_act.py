"""Record an act in the audit log: opaque ids and an outcome, never names or bodies."""

from collections.abc import Mapping
from uuid import uuid4

from chalicelib.domain.access import Caller
from chalicelib.domain.audit import AuditEntry
from chalicelib.domain.clock import Clock
from chalicelib.services.ports import Audit


def record_act(
    caller: Caller, act: str, ids: Mapping[str, str], status: int, *, audit: Audit, clock: Clock
) -> AuditEntry:
    """`act`: the route's method and pattern. What is no id of ours is not written down: it may be a name."""
    entry = AuditEntry(
        entry_id=uuid4().hex,
        at=clock(),
        subject=caller.subject,
        role=caller.role.value,
        act=act,
        ids={name: value if _is_id(value) else "not an id" for name, value in ids.items()},
        status=status,
    )
    audit.append(entry)
    return entry


def _is_id(value: str) -> bool:
    """A kind and 32 hexadecimal digits."""
    kind, _, digits = value.partition("_")
    return len(kind) == 3 and len(digits) == 32 and all(digit in "0123456789abcdef" for digit in digits)
