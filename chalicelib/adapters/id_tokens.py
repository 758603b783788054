"""ID tokens of the identity provider: the signature against its published keys, then what the token says.

Importing this loads cryptography, at a tenth of a second: wiring does it only for a token that is not our own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jwt import PyJWK
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError

from chalicelib.adapters.signing_keys import SigningKeys
from chalicelib.domain.access import Account
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import InvalidToken
from chalicelib.domain.id_tokens import MAX_TOKEN_LENGTH, account_of, key_id_of

KINDS = {"RS256": ("RSA", None), "ES256": ("EC", "P-256")}
MIN_RSA_BITS = 2048


class OidcIdTokens:
    def __init__(self, issuer: str, audience: str, keys: SigningKeys, clock: Clock) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._clock = clock
        self._jws = PyJWS(algorithms=list(KINDS))

    def account(self, token: str) -> Account:
        """Raises InvalidToken, TokenExpired, SignInUnavailable."""
        if not self._issuer:
            raise InvalidToken("Signing in is not set up here.")
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidToken("The token is too long.")
        key = _verification_key(self._keys.named(key_id_of(self._header(token))))
        return account_of(
            self._claims(token, key), issuer=self._issuer, audience=self._audience, now=self._clock()
        )

    def _header(self, token: str) -> dict[str, Any]:
        """Not to be trusted yet."""
        try:
            return self._jws.get_unverified_header(token)
        except (PyJWTError, ValueError, RecursionError) as error:
            raise InvalidToken("This is no token.") from error

    def _claims(self, token: str, key: "_VerificationKey") -> dict[str, Any]:
        """The algorithm is that of the key, whatever the token says: a public key is nobody's HMAC secret."""
        try:
            payload = self._jws.decode(token, key.public_key, algorithms=[key.algorithm])
            claims = json.loads(payload)
        except (PyJWTError, ValueError, RecursionError) as error:
            raise InvalidToken("The token is not signed by its issuer.") from error
        if not isinstance(claims, dict):
            raise InvalidToken("The token says nothing.")
        return claims


@dataclass(frozen=True)
class _VerificationKey:
    algorithm: str
    public_key: Any


def _verification_key(published: Mapping[str, Any]) -> _VerificationKey:
    """Raises InvalidToken for a key that is not for signing, or of a kind or size that we do not take."""
    kind = (published.get("kty"), published.get("crv"))
    algorithm = next((name for name, wanted in KINDS.items() if kind == wanted), None)
    unusable = InvalidToken("The token's key is not one that we take.")
    if (
        algorithm is None
        or published.get("use", "sig") != "sig"
        or published.get("alg", algorithm) != algorithm
    ):
        raise unusable
    try:
        key = PyJWK(dict(published), algorithm).key
    except (PyJWTError, ValueError) as error:
        raise unusable from error
    if algorithm == "RS256" and key.key_size < MIN_RSA_BITS:
        raise unusable
    return _VerificationKey(algorithm, key)
