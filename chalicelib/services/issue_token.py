"""Issue the token of an admin. It is shown once; only its hash is stored."""

import secrets
from datetime import timedelta

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.clock import Clock, utc_now
from chalicelib.domain.ids import Kind, fresh_id
from chalicelib.services.ports import Access

TOKEN_PREFIX = "rollcall_"  # noqa: S105  # lets secret scanners recognise a token

TOKENS_AN_HOUR = (
    100  # by one admin: as many as a school hangs up cameras, and no more that a thief could hide among
)


def new_token() -> str:
    """256 random bits."""
    return f"{TOKEN_PREFIX}{secrets.token_urlsafe(32)}"


def issue_admin_token(*, access: Access, clock: Clock = utc_now, lasting: timedelta | None = None) -> str:
    """Good for ever, unless it says for how long."""
    token, now = new_token(), clock()
    caller = Caller(subject=fresh_id(Kind.ADMIN), role=Role.ADMIN)
    access.add_token(token, caller, created_at=now, expires_at=None if lasting is None else now + lasting)
    return token
