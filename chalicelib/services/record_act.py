"""Record an act in the audit log: opaque ids and an outcome, never names or bodies."""

import re
from collections.abc import Mapping
from uuid import uuid4

from chalicelib.domain.access import Caller
from chalicelib.domain.audit import AuditEntry
from chalicelib.domain.clock import Clock
from chalicelib.services.ports import Audit

# A kind and 32 hexadecimal digits; or a day, or a version that is a number; or a model's.
ID = re.compile(r"[a-z]{3}_[0-9a-f]{32}|[0-9][0-9.-]{0,31}|[a-z0-9-]{1,48}[-~][0-9a-f]{12}")


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
        ids={name: value if ID.fullmatch(value) else "not an id" for name, value in ids.items()},
        status=status,
    )
    audit.append(entry)
    return entry
