"""ID tokens against a key server: forged, foreign and broken ones open nothing, rotation and outages are survived."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.adapters.id_tokens import OidcIdTokens
from chalicelib.adapters.signing_keys import (
    FRESH_SECONDS,
    KEPT_SECONDS,
    REFETCH_SECONDS,
    RETRY_SECONDS,
    SigningKeys,
)
from chalicelib.domain.errors import InvalidToken, SignInUnavailable, TokenExpired
from tests.support.key_server import (
    AUDIENCE,
    ISSUER,
    KeyServer,
    claims,
    ec_key,
    key_server,
    published,
    rsa_key,
    signed,
)

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC).timestamp()


@dataclass
class SignIn:
    """A verifier, its provider, and a clock for both."""

    server: KeyServer
    seconds: float = START
    id_tokens: OidcIdTokens = field(init=False)

    def __post_init__(self) -> None:
        keys = SigningKeys(ISSUER, self.server.url, now=lambda: self.seconds)
        self.id_tokens = OidcIdTokens(
            ISSUER, AUDIENCE, keys, lambda: datetime.fromtimestamp(self.seconds, UTC)
        )

    def subject(self, token: str) -> str:
        return self.id_tokens.account(token).subject

    def good(self, key_name: str = "a", **changed: Any) -> str:
        return signed(claims(self.seconds, **changed), rsa_key(key_name), key_name)


@pytest.fixture(scope="module")
def server() -> Iterator[KeyServer]:
    with key_server() as running:
        yield running


@pytest.fixture
def sign_in(server: KeyServer) -> SignIn:
    server.publish(published(rsa_key("a"), "a", alg="RS256"), published(ec_key("e"), "e"))
    server.headers.clear()
    server.asked.clear()
    return SignIn(server)


def test_good_tokens_of_both_algorithms_name_their_account(sign_in: SignIn) -> None:
    assert sign_in.subject(sign_in.good()) == "ada-1"
    assert sign_in.subject(signed(claims(START), ec_key("e"), "e", "ES256")) == "ada-1"
    assert len(sign_in.server.asked) == 1


def _parts(token: str) -> list[str]:
    return token.split(".")


def _encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unsigned(header: dict[str, Any], payload: Any = None, signature: bytes = b"") -> str:
    said = claims(START) if payload is None else payload
    return ".".join((_encoded(header), _encoded(said), _encoded(signature)))


def _hmac_with_public_key() -> str:
    """The classic: the public key, which everybody has, as the secret of HS256."""
    return _hmac(rsa_key("a").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _hmac(secret: bytes) -> str:
    text = ".".join(_parts(_unsigned({"alg": "HS256", "typ": "JWT", "kid": "a"}))[:2])
    return f"{text}.{_encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


FORGED: dict[str, Callable[[], str]] = {
    "no algorithm": lambda: _unsigned({"alg": "none", "kid": "a"}),
    "NoNe": lambda: _unsigned({"alg": "NoNe", "kid": "a"}),
    "no alg": lambda: _unsigned({"kid": "a"}),
    "alg is a list": lambda: _unsigned({"alg": ["RS256"], "kid": "a"}),
    "public key as secret": _hmac_with_public_key,
    "empty secret": lambda: _hmac(b""),
    "another's key": lambda: signed(claims(START), rsa_key("evil"), "a"),
    "RS512": lambda: signed(claims(START), rsa_key("a"), "a", "RS512"),
    "PS256": lambda: signed(claims(START), rsa_key("a"), "a", "PS256"),
    "ES256 under the name of the RSA key": lambda: signed(claims(START), ec_key("e"), "a", "ES256"),
    "RS256 under the name of the EC key": lambda: signed(claims(START), rsa_key("a"), "e"),
    "brings its own key": lambda: signed(
        claims(START), rsa_key("evil"), "a", jwk=published(rsa_key("evil"), "a")
    ),
    "brings a link to its key": lambda: signed(
        claims(START), rsa_key("evil"), "a", jku="https://evil.example/jwks", x5u="https://evil.example"
    ),
    "no kid": lambda: signed(claims(START), rsa_key("a"), None),
    "kid of a path": lambda: signed(claims(START), rsa_key("a"), "../../dev/null"),
    "kid of a query": lambda: signed(claims(START), rsa_key("a"), "a' UNION SELECT 'x"),
    "kid of a number": lambda: _unsigned({"alg": "RS256", "kid": 1}),
    "detached payload": lambda: signed(claims(START), rsa_key("a"), "a", b64=False, crit=["b64"]),
    "unknown extension": lambda: signed(claims(START), rsa_key("a"), "a", crit=["urgent"], urgent=True),
    "an access token": lambda: signed(claims(START), rsa_key("a"), "a", typ="at+jwt"),
    "cut off": lambda: signed(claims(START), rsa_key("a"), "a")[:-8],
    "claims exchanged": lambda: ".".join(
        (
            _parts(signed(claims(START), rsa_key("a"), "a"))[0],
            _encoded(claims(START, sub="somebody")),
            _parts(signed(claims(START), rsa_key("a"), "a"))[2],
        )
    ),
    "no JSON": lambda: "a.b.c",
    "no text": lambda: "\x00.\ud800.é",
    "nothing": lambda: "..",
    "nested header": lambda: f"{_encoded(b'[' * 5000)}.e30.",
    "header is a list": lambda: _unsigned([]),  # type: ignore[arg-type]
    "long": lambda: signed(claims(START, padding="x" * 9000), rsa_key("a"), "a"),
    "huge": lambda: "x" * 5_000_000 + ".y.z",
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_or_broken_token_opens_nothing(sign_in: SignIn, name: str) -> None:
    with pytest.raises(InvalidToken) as refused:
        sign_in.subject(FORGED[name]())
    assert refused.type is InvalidToken
    assert len(sign_in.server.asked) <= 1


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"aud": "another-page"}, InvalidToken),
        ({"iss": "https://login.evil.example"}, InvalidToken),
        ({"exp": START - 3600}, TokenExpired),
        ({"nbf": START + 3600}, InvalidToken),
        ({"token_use": "access"}, InvalidToken),
    ],
)
def test_a_signed_token_must_say_the_right_things_too(
    sign_in: SignIn, changed: dict[str, Any], error: type[InvalidToken]
) -> None:
    with pytest.raises(InvalidToken) as refused:
        sign_in.subject(sign_in.good(**changed))
    assert refused.type is error


@pytest.mark.parametrize("payload", [b"[]", b"1", b"{", b"[" * 5000, b"\xff"])
def test_a_signed_payload_that_says_nothing_is_refused(sign_in: SignIn, payload: bytes) -> None:
    from jwt.api_jws import PyJWS

    token = PyJWS().encode(payload, rsa_key("a"), algorithm="RS256", headers={"kid": "a"})
    with pytest.raises(InvalidToken):
        sign_in.subject(token)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), byte=st.integers(33, 126))
def test_a_token_with_one_character_changed_is_refused_or_the_same(
    sign_in: SignIn, place: int, byte: int
) -> None:
    token = sign_in.good()
    at = place % len(token)
    changed = token[:at] + chr(byte) + token[at + 1 :]
    try:
        assert sign_in.subject(changed) == "ada-1"
    except InvalidToken:
        return
    # The last character of a part carries bits that mean nothing.
    assert changed == token or changed[at + 1 : at + 2] in (".", "")


@pytest.mark.parametrize(
    "key",
    [
        published(rsa_key("a"), "a", use="enc"),
        published(rsa_key("a"), "a", alg="RS512"),
        published(rsa_key("small", 1024), "a"),
        published(ec_key("p384", ec.SECP384R1), "a"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "a"},
        {"kty": "RSA", "kid": "a"},
        {"kty": "RSA", "kid": "a", "n": 5, "e": "AQAB"},
        {"kty": "RSA", "kid": "a", "n": "!!!", "e": "AQAB"},
        {"kty": ["RSA"], "kid": "a"},
        {"kty": "EC", "crv": "P-256", "kid": "a", "x": "AA", "y": "AA"},
        {"kid": "a"},
    ],
)
def test_a_published_key_that_is_not_for_this_is_not_used(sign_in: SignIn, key: dict[str, Any]) -> None:
    sign_in.server.publish(key)
    with pytest.raises(InvalidToken):
        sign_in.subject(sign_in.good())


def test_a_new_key_is_fetched_and_an_old_one_ends(sign_in: SignIn) -> None:
    sign_in.subject(sign_in.good())
    sign_in.server.publish(published(rsa_key("b"), "b"))
    sign_in.seconds += REFETCH_SECONDS
    assert sign_in.subject(sign_in.good("a")) == "ada-1", "nobody had reason to ask yet"
    assert sign_in.subject(sign_in.good("b")) == "ada-1"
    with pytest.raises(InvalidToken):
        sign_in.subject(sign_in.good("a"))
    assert len(sign_in.server.asked) == 2


def test_a_withdrawn_key_is_believed_for_an_hour_at_most(sign_in: SignIn) -> None:
    sign_in.subject(sign_in.good())
    sign_in.server.publish(published(rsa_key("b"), "b"))
    sign_in.seconds += FRESH_SECONDS
    with pytest.raises(InvalidToken):
        sign_in.subject(sign_in.good())


def test_a_flood_of_unknown_keys_asks_once_a_minute(sign_in: SignIn) -> None:
    for number in range(50):
        with pytest.raises(InvalidToken):
            sign_in.subject(signed(claims(START), rsa_key("evil"), f"evil-{number}"))
    assert len(sign_in.server.asked) == 1
    sign_in.seconds += REFETCH_SECONDS
    for number in range(50):
        with pytest.raises(InvalidToken):
            sign_in.subject(signed(claims(START), rsa_key("evil"), f"evil-{number}"))
    assert len(sign_in.server.asked) == 2
    assert sign_in.subject(sign_in.good()) == "ada-1"


def _fail(server: KeyServer, how: str) -> None:
    broken = {
        "500": (500, b"{}"),
        "302": (302, b""),
        "garbage": (200, b"<html>"),
        "no keys": (200, b'{"keys": []}'),
        "a list": (200, b"[]"),
        "too long": (200, b" " * 100_000 + json.dumps({"keys": [published(rsa_key("b"), "b")]}).encode()),
        "nested": (200, b"[" * 60_000),
    }
    server.status, server.answer = broken[how]
    server.headers["Location"] = "/elsewhere"


@pytest.mark.parametrize("how", ["500", "302", "garbage", "no keys", "a list", "too long", "nested"])
def test_when_the_key_server_fails_old_keys_are_good_for_a_day(sign_in: SignIn, how: str) -> None:
    sign_in.subject(sign_in.good())
    _fail(sign_in.server, how)
    sign_in.seconds += FRESH_SECONDS
    for _ in range(3):
        assert sign_in.subject(sign_in.good()) == "ada-1"
    assert sign_in.server.asked == ["/jwks"] * 2, (
        "no redirect is followed, and it is not asked at each request"
    )
    with pytest.raises(SignInUnavailable):
        sign_in.subject(sign_in.good("b"))
    sign_in.seconds += KEPT_SECONDS
    with pytest.raises(SignInUnavailable):
        sign_in.subject(sign_in.good())
    sign_in.server.publish(published(rsa_key("a"), "a"))
    sign_in.seconds += RETRY_SECONDS
    assert sign_in.subject(sign_in.good()) == "ada-1"


def test_nobody_signs_in_before_the_keys_are_there_and_everybody_soon_after(sign_in: SignIn) -> None:
    _fail(sign_in.server, "500")
    for _ in range(9):
        with pytest.raises(SignInUnavailable):
            sign_in.subject(sign_in.good())
    assert len(sign_in.server.asked) == 1
    sign_in.server.publish(published(rsa_key("a"), "a"))
    sign_in.seconds += RETRY_SECONDS
    assert sign_in.subject(sign_in.good()) == "ada-1"


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with key_server() as gone:
        url = gone.url
    with pytest.raises(SignInUnavailable):
        SigningKeys(ISSUER, url).named("a")


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"issuer": ISSUER, "jwks_uri": "https://keys.example/certs"}, True),
        ({"issuer": "https://evil.example", "jwks_uri": "https://keys.example/certs"}, False),
        ({"issuer": ISSUER, "jwks_uri": "http://keys.example/certs"}, False),
        ({"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}, False),
        ({"issuer": ISSUER}, False),
        ([], False),
    ],
)
def test_the_issuer_itself_says_where_its_keys_are(document: Any, found: bool) -> None:
    asked: list[str] = []

    def fetch(url: str) -> Any:
        asked.append(url)
        return document if url.endswith("configuration") else {"keys": [{"kid": "a"}]}

    keys = SigningKeys(ISSUER, fetch=fetch)
    if found:
        assert keys.named("a") == {"kid": "a"}
        assert asked == [f"{ISSUER}/.well-known/openid-configuration", "https://keys.example/certs"]
    else:
        with pytest.raises(SignInUnavailable):
            keys.named("a")


def test_without_an_issuer_nobody_signs_in(sign_in: SignIn) -> None:
    none = OidcIdTokens("", "", SigningKeys("", sign_in.server.url), lambda: datetime.now(UTC))
    with pytest.raises(InvalidToken, match="not set up"):
        none.account(sign_in.good(iss="", aud=""))
    assert sign_in.server.asked == []
