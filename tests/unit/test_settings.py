"""Settings come from ROLLCALL_* and nowhere else."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from chalicelib.settings import load_settings


def test_defaults_stand_when_nothing_is_given() -> None:
    settings = load_settings({})
    assert settings.table("people") == "rollcall-people"
    assert settings.pack_dir == Path("build/packs/pypi")


def test_given_values_are_parsed() -> None:
    settings = load_settings({"ROLLCALL_PREFIX": "school", "ROLLCALL_NEXT_FRAME_SECONDS": "3"})
    assert (settings.table("frames"), settings.next_frame_seconds) == ("school-frames", 3)


def test_a_number_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="ROLLCALL_NEXT_FRAME_SECONDS"):
        load_settings({"ROLLCALL_NEXT_FRAME_SECONDS": "soon"})


def test_the_share_of_strangers_is_a_tenth_unless_it_is_given() -> None:
    assert load_settings({}).stranger_share == 0.1
    assert load_settings({"ROLLCALL_STRANGER_SHARE": "0.25"}).stranger_share == 0.25


@pytest.mark.parametrize("share", ["0", "1", "-0.1", "1.1", "nan", "inf", "10%", "few", ""])
def test_a_share_of_strangers_must_lie_between_0_and_1(share: str) -> None:
    with pytest.raises(ValueError, match="ROLLCALL_STRANGER_SHARE"):
        load_settings({"ROLLCALL_STRANGER_SHARE": share})


def test_a_register_is_not_kept_for_less_than_no_days() -> None:
    assert load_settings({"ROLLCALL_REGISTER_DAYS": "0"}).session_days == 0
    with pytest.raises(ValueError, match="ROLLCALL_REGISTER_DAYS"):
        load_settings({"ROLLCALL_REGISTER_DAYS": "-1"})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        load_settings({}).prefix = "other"  # type: ignore[misc]


OIDC = {"ROLLCALL_OIDC_ISSUER": "https://login.example", "ROLLCALL_OIDC_AUDIENCE": "page"}
KEYS = {"ROLLCALL_OIDC_JWKS_URL": "http://127.0.0.1:5000/keys"}
LOCAL = {"ROLLCALL_PROFILE": "local"}


def test_an_issuer_comes_with_an_audience_and_over_https() -> None:
    assert load_settings(OIDC).oidc_audience == "page"
    for wrong in ({"ROLLCALL_OIDC_AUDIENCE": ""}, {"ROLLCALL_OIDC_ISSUER": "http://login.example"}):
        with pytest.raises(ValueError, match="ROLLCALL_OIDC"):
            load_settings({**OIDC, **wrong})


def test_only_the_local_stack_says_where_the_keys_are_and_only_on_loopback() -> None:
    assert load_settings({**OIDC, **LOCAL, **KEYS}).oidc_jwks_url == KEYS["ROLLCALL_OIDC_JWKS_URL"]
    for wrong in (
        KEYS,
        {**KEYS, "ROLLCALL_PROFILE": "aws"},
        {**LOCAL, "ROLLCALL_OIDC_JWKS_URL": "https://keys.evil.example"},
        {**LOCAL, "ROLLCALL_OIDC_JWKS_URL": "http://127.0.0.1.evil.example/keys"},
        {**LOCAL, "ROLLCALL_OIDC_JWKS_URL": "http://127.0.0.1:80@evil.example/keys"},
    ):
        with pytest.raises(ValueError, match="ROLLCALL_OIDC_JWKS_URL"):
            load_settings({**OIDC, **wrong})
