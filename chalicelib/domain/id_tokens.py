"""What an OpenID Connect ID token must say before we believe whom it names. Its signature is checked elsewhere.

It only authenticates: roles and groups in it are ignored (docs/decisions/2026-11-24-tokens-only-authenticate.md).
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.access import Account
from chalicelib.domain.errors import InvalidToken, TokenExpired

LEEWAY_SECONDS = 60
MAX_TOKEN_LENGTH = 8192  # API Gateway takes 10 KB of headers
MAX_KEY_ID_LENGTH = 256
MAX_SUBJECT_LENGTH = 255


def key_id_of(header: Mapping[str, Any]) -> str:
    """The name of the key that a token says it is signed with. Raises InvalidToken for a token of another kind.

    Keys that a token brings along (jwk, jku, x5u, x5c) are never looked at.
    """
    kind, key_id = header.get("typ", "JWT"), header.get("kid")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise InvalidToken("This is no ID token.")
    if "crit" in header:
        raise InvalidToken("The token asks for an extension that is not understood.")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= MAX_KEY_ID_LENGTH:
        raise InvalidToken("The token does not name its key.")
    return key_id


def account_of(claims: Mapping[str, Any], *, issuer: str, audience: str, now: datetime) -> Account:
    """Whom the token names. Raises InvalidToken, TokenExpired."""
    if claims.get("iss") != issuer:
        raise InvalidToken("The token is of another issuer.")
    # Cognito says which of its tokens this is; other providers' access tokens are not for our audience.
    if claims.get("token_use", "id") != "id":
        raise InvalidToken("Send the ID token, and not the access token.")
    if not _is_for(audience, claims):
        raise InvalidToken("The token is for another audience.")
    _check_times(claims, now.timestamp())
    subject = claims.get("sub")
    if not isinstance(subject, str) or not is_subject(subject):
        raise InvalidToken("The token names nobody.")
    return Account(issuer, subject)


def is_subject(text: str) -> bool:
    """What OpenID Connect allows as the name of an account: up to 255 ASCII characters."""
    return 0 < len(text) <= MAX_SUBJECT_LENGTH and text.isascii() and text.isprintable()


def _is_for(audience: str, claims: Mapping[str, Any]) -> bool:
    """One of several audiences is enough only if the token was made for us (azp)."""
    given = claims.get("aud")
    audiences = given if isinstance(given, list) else [given]
    if audience not in audiences:
        return False
    party = claims.get("azp", audience if len(audiences) == 1 else None)
    return bool(party == audience)


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    if now >= _moment(claims, "exp") + LEEWAY_SECONDS:
        raise TokenExpired("The token has expired.")
    for name in ("iat", "nbf") if "nbf" in claims else ("iat",):
        if now < _moment(claims, name) - LEEWAY_SECONDS:
            raise InvalidToken("The token is not valid yet.")


def _moment(claims: Mapping[str, Any], name: str) -> int | float:
    """JSON in Python also knows true, NaN and Infinity."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken(f"The token does not say its {name}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidToken(f"The token does not say its {name}.")
    return value
