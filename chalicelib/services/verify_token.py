"""Verify a bearer token. It only says who calls; what they may do is decided by the API."""

from collections.abc import Callable

from chalicelib.domain.access import Caller
from chalicelib.domain.errors import InvalidToken, NotInvited
from chalicelib.services.issue_token import TOKEN_PREFIX
from chalicelib.services.ports import Access, IdTokens


def verify_token(token: str, *, access: Access, id_tokens: Callable[[], IdTokens]) -> Caller:
    """A token of our own, or an ID token. `id_tokens` is asked for only when needed: it takes its time to load.

    Raises InvalidToken, TokenExpired, NotInvited, SignInUnavailable.
    """
    if not token.startswith(TOKEN_PREFIX) and token.count(".") == 2:
        caller = access.identified(id_tokens().account(token))
        if caller is None:
            raise NotInvited(
                "You are signed in, but this account belongs to nobody here. Ask an admin to link it."
            )
        return caller
    caller = access.caller(token)
    if caller is None:
        raise InvalidToken("The token is unknown, expired or revoked.")
    return caller
