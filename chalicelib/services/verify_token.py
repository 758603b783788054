"""Verify a bearer token. It only says who calls; what they may do is decided by the API."""

from chalicelib.domain.access import Caller
from chalicelib.domain.errors import InvalidToken
from chalicelib.services.ports import Access


def verify_token(token: str, *, access: Access) -> Caller:
    """Raises InvalidToken."""
    caller = access.caller(token)
    if caller is None:
        raise InvalidToken("This token is not known, or was revoked.")
    return caller
