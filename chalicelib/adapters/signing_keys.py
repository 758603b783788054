"""The keys that an identity provider publishes (JWKS), fetched by HTTPS and kept between requests."""

import http.client
import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from chalicelib.domain.errors import InvalidToken, SignInUnavailable

DISCOVERY = "/.well-known/openid-configuration"
FRESH_SECONDS = 3600  # a key that was withdrawn is believed no longer than this …
KEPT_SECONDS = 24 * 3600  # … unless the provider cannot be reached
REFETCH_SECONDS = 60  # tokens that name unknown keys make us ask no more often, however many there are
RETRY_SECONDS = 10
TIMEOUT_SECONDS = 1.5  # twice this, and the table's part, must fit into the authorizer's 5 s
MAX_BYTES = 64 * 1024

Fetch = Callable[[str], Any]
Key = Mapping[str, Any]


class SigningKeys:
    """`url`: of the keys; without one the issuer's discovery document says it."""

    def __init__(
        self,
        issuer: str,
        url: str = "",
        *,
        fetch: Fetch | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._url = url
        self._fetch = fetch or fetch_json
        self._now = now
        self._lock = Lock()
        self._by_id: dict[str, Key] = {}
        self._fetched_at = float("-inf")
        self._next_fetch_at = float("-inf")
        self._failed = False

    def named(self, key_id: str) -> Key:
        """Raises InvalidToken if the provider has no such key, SignInUnavailable if it cannot be asked."""
        with self._lock:
            wanted = key_id not in self._by_id or self._age() >= FRESH_SECONDS
            if wanted and self._now() >= self._next_fetch_at:
                self._refresh()
            if key_id in self._by_id and self._age() < KEPT_SECONDS:
                return self._by_id[key_id]
            if self._failed:
                raise SignInUnavailable("The identity provider cannot be reached.")
        raise InvalidToken("The token is signed with a key that its issuer does not publish.")

    def _age(self) -> float:
        return self._now() - self._fetched_at

    def _refresh(self) -> None:
        """What was known is kept if the provider fails."""
        try:
            self._by_id = self._published()
        except (OSError, ValueError, http.client.HTTPException):
            self._failed = True
            self._next_fetch_at = self._now() + RETRY_SECONDS
        else:
            self._failed = False
            self._fetched_at = self._now()
            self._next_fetch_at = self._now() + REFETCH_SECONDS

    def _published(self) -> dict[str, Key]:
        """Raises OSError, ValueError, HTTPException."""
        document = self._fetch(self._url or self._discovered())
        keys = document.get("keys") if isinstance(document, dict) else None
        usable = [key for key in keys if _has_name(key)] if isinstance(keys, list) else []
        if not usable:
            raise ValueError("The key server answers no keys.")
        return {key["kid"]: key for key in usable}

    def _discovered(self) -> str:
        document = self._fetch(self._issuer.rstrip("/") + DISCOVERY)
        url = document.get("jwks_uri") if isinstance(document, dict) else None
        if (
            not isinstance(url, str)
            or not url.startswith("https://")
            or document.get("issuer") != self._issuer
        ):
            raise ValueError("The discovery document is not this issuer's.")
        return url


def _has_name(key: Any) -> bool:
    return isinstance(key, dict) and isinstance(key.get("kid"), str)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Keys come from where the settings say, and from nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def fetch_json(url: str) -> Any:
    """Raises OSError, ValueError, HTTPException."""
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310  # settings check it
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS) as answer:
        body = answer.read(MAX_BYTES)  # what is longer ends in the middle, and is no JSON
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("The answer is nested too deeply.") from error
