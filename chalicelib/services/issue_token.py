"""Issue the token of an admin. It is shown once; only its hash is stored."""

import secrets

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.ids import Kind, fresh_id
from chalicelib.services.ports import Access


def new_token() -> str:
    """256 random bits; the prefix lets secret scanners recognise it."""
    return f"rollcall_{secrets.token_urlsafe(32)}"


def issue_admin_token(*, access: Access) -> str:
    token = new_token()
    access.add_token(token, Caller(subject=fresh_id(Kind.ADMIN), role=Role.ADMIN))
    return token
