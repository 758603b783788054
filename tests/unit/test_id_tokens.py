"""What an ID token must say: every claim that is wrong is refused, with the reason that helps."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.access import Account, Camera, camera_covers
from chalicelib.domain.errors import InvalidToken, TokenExpired
from chalicelib.domain.id_tokens import LEEWAY_SECONDS, account_of, is_subject, key_id_of

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECONDS = NOW.timestamp()
GOOD = {"iss": "https://i", "aud": "us", "sub": "ada-1", "iat": SECONDS, "exp": SECONDS + 3600}
NOTHING = object()


def account(**changed: Any) -> Account:
    claims = {name: value for name, value in {**GOOD, **changed}.items() if value is not NOTHING}
    return account_of(claims, issuer="https://i", audience="us", now=NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"aud": ["us"]},
        {"aud": ["us", "them"], "azp": "us"},
        {"azp": "us"},
        {"token_use": "id"},
        {"exp": SECONDS - LEEWAY_SECONDS + 1},
        {"iat": SECONDS + LEEWAY_SECONDS},
        {"nbf": SECONDS + LEEWAY_SECONDS},
        {"exp": SECONDS + 0.5},
        {"exp": 10**400},
        {"cognito:groups": ["admin"], "role": "admin"},
    ],
)
def test_a_good_token_names_its_account_and_nothing_more(changed: dict[str, Any]) -> None:
    assert account(**changed) == Account("https://i", "ada-1")


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://i/"},
        {"iss": "http://i"},
        {"iss": NOTHING},
        {"iss": ["https://i"]},
        {"aud": "them"},
        {"aud": NOTHING},
        {"aud": NOTHING, "client_id": "us", "token_use": "access"},
        {"aud": []},
        {"aud": {"us": 1}},
        {"aud": ["us", "them"]},
        {"aud": ["us", "them"], "azp": "them"},
        {"azp": "them"},
        {"azp": None},
        {"token_use": "access"},
        {"token_use": None},
        {"sub": NOTHING},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "\ud800"},
        {"sub": "a\nb"},
        {"iat": NOTHING},
        {"iat": SECONDS + LEEWAY_SECONDS + 1},
        {"nbf": SECONDS + LEEWAY_SECONDS + 1},
        {"nbf": "now"},
        {"nbf": None},
        {"exp": NOTHING},
        {"exp": None},
        {"exp": True},
        {"exp": "never"},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"iat": float("-inf")},
    ],
)
def test_whatever_is_wrong_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken) as refused:
        account(**changed)
    assert refused.type is InvalidToken
    assert '"' not in str(refused.value), "it goes into the gateway's JSON as it is"


@pytest.mark.parametrize("ago", [LEEWAY_SECONDS, 3600, 10**300])
def test_an_expired_token_is_called_expired(ago: int) -> None:
    with pytest.raises(TokenExpired):
        account(exp=SECONDS - ago)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"kid": ""},
        {"kid": 1},
        {"kid": ["a"]},
        {"kid": "x" * 257},
        {"kid": "a", "typ": "at+jwt"},
        {"kid": "a", "typ": "logout+jwt"},
        {"kid": "a", "typ": 1},
        {"kid": "a", "crit": ["b64"]},
        {"kid": "a", "crit": []},
    ],
)
def test_a_header_of_another_kind_of_token_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        key_id_of(header)


def test_keys_that_a_token_brings_along_are_not_looked_at() -> None:
    header = {"kid": "a", "typ": "jwt", "jwk": {"kty": "oct"}, "jku": "https://evil", "x5u": "https://evil"}
    assert key_id_of(header) == "a"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["us", "them", "", "id"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("us"), inner, max_size=1),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["iss", "aud", "azp", "sub", "iat", "nbf", "exp", "token_use"]), JSON))
def test_any_claims_are_taken_or_refused_and_never_break_us(changed: dict[str, Any]) -> None:
    try:
        named = account(**changed)
    except InvalidToken:
        return
    assert is_subject(named.subject)


def test_accounts_of_different_issuers_are_different_identities() -> None:
    ids = {
        Account(issuer, subject).identity_id
        for issuer in ("https://a", "https://ab")
        for subject in ("b", "")
    }
    assert len(ids) == 4
    assert Account("https://a", "b").identity_id == Account("https://a", "b").identity_id


@pytest.mark.parametrize(
    ("course_id", "room", "covered"),
    [
        ("crs_1", None, True),
        ("crs_1", "B 204", True),
        ("crs_2", "B 204", True),
        ("crs_2", "b 204", False),
        ("crs_2", None, False),
        (None, None, False),
        (None, "B 204", True),
    ],
)
def test_a_camera_covers_its_courses_wherever_they_are_and_whoever_is_in_its_rooms(
    course_id: str | None, room: str | None, covered: bool
) -> None:
    camera = Camera("cam_1", "Door", frozenset({"crs_1"}), NOW, rooms=frozenset({"B 204"}))
    assert camera_covers(camera, course_id, room) is covered


def test_the_leeway_is_small() -> None:
    assert timedelta(seconds=LEEWAY_SECONDS) <= timedelta(minutes=2)
