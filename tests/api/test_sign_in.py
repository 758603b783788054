"""Signing in, through the authorizer as the gateway calls it, with ID tokens of a key server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.api.auth import authorize
from chalicelib.domain.errors import SignInUnavailable
from tests.api.conftest import Api
from tests.support.key_server import KeyServer, claims, key_server, published, rsa_key, signed

ARN = "arn:aws:execute-api:eu-north-1:123456789012:api/api/GET/v1/me"


@pytest.fixture(scope="module")
def server() -> Iterator[KeyServer]:
    with key_server() as running:
        yield running


@dataclass
class SignIn:
    api: Api
    server: KeyServer

    def token(self, subject: str = "ada-1", **changed: Any) -> str:
        now = self.api.world.now.timestamp()
        return signed(claims(now, sub=subject, **changed), rsa_key("a"), "a")

    def link(self, name: str, subject: str, role: str) -> str:
        person_id: str = self.api.created("/v1/people", {"name": name})["id"]
        self.api.created(f"/v1/people/{person_id}/identities", {"subject": subject, "role": role})
        return person_id


@pytest.fixture
def sign_in(api: Api, server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> SignIn:
    server.publish(published(rsa_key("a"), "a"))
    monkeypatch.setenv("ROLLCALL_PROFILE", "local")
    monkeypatch.setenv("ROLLCALL_OIDC_JWKS_URL", server.url)
    wiring.settings.cache_clear()  # type: ignore[attr-defined]
    wiring.id_tokens.cache_clear()  # type: ignore[attr-defined]
    return SignIn(api, server)


def decided(header: str) -> tuple[list[str], dict[str, Any]]:
    """Which resources are open, and what the gateway is told."""
    answer = _asked(header)
    (statement,) = answer["policyDocument"]["Statement"]
    return statement["Resource"], answer["context"]


def _asked(header: str) -> dict[str, Any]:
    event = {"type": "TOKEN", "authorizationToken": header, "methodArn": ARN}
    answered: dict[str, Any] = authorize(event, None)
    return answered


def test_a_linked_account_is_its_person_in_its_role_whatever_the_token_claims(sign_in: SignIn) -> None:
    ada = sign_in.link("Ada", "ada-1", "student")
    token = sign_in.token(**{"cognito:groups": ["admin"], "role": "admin", "email": "root@school.example"})
    allowed, context = decided(f"Bearer {token}")
    assert context == {"subject": ada, "role": "student"}
    assert len(allowed) == 1
    me = sign_in.api.call("GET", "/v1/me", token=token)
    assert me.json_body == {"subject": ada, "role": "student", "name": "Ada"}
    assert sign_in.api.call("GET", f"/v1/people/{ada}", token=token).status_code == 200
    assert sign_in.api.code(sign_in.api.call("GET", "/v1/people", token=token)) == (403, "forbidden")


def test_who_is_refused_is_told_why(sign_in: SignIn) -> None:
    sign_in.link("Ada", "ada-1", "student")
    refused = {
        "not_invited": f"Bearer {sign_in.token('nobody')}",
        "token_expired": f"Bearer {sign_in.token(exp=1)}",
        "invalid_token": f"Bearer {sign_in.token(aud='another-page')}",
    }
    for code, header in refused.items():
        allowed, context = decided(header)
        assert (allowed, context["code"]) == ([], code)
        quoted = json.dumps(context["detail"])
        assert quoted == f'"{context["detail"]}"', "the gateway puts it into JSON as it is"
    for header in ("", "Bearer", "Basic YTpi", "Bearer nonsense", "Bearer a.b.c", "bearer \x00.\ud800.é"):
        allowed, context = decided(header)
        assert (allowed, context["code"]) == ([], "invalid_token")


def test_when_the_provider_cannot_be_asked_nothing_is_decided(sign_in: SignIn) -> None:
    """The gateway keeps no failure, but would keep a refusal for a minute."""
    sign_in.link("Ada", "ada-1", "student")
    sign_in.server.status = 500
    with pytest.raises(SignInUnavailable):
        _asked(f"Bearer {sign_in.token()}")
    assert decided(f"Bearer {sign_in.api.token}")[1]["role"] == "admin", "our own tokens need no provider"


def test_an_account_is_linked_listed_and_unlinked(sign_in: SignIn) -> None:
    api = sign_in.api
    ada = sign_in.link("Ada", "ada-1", "student")
    ben: str = api.created("/v1/people", {"name": "Ben"})["id"]
    (identity,) = api.call("GET", f"/v1/people/{ada}/identities").json_body["items"]
    assert (identity["subject"], identity["role"], identity["person_id"]) == ("ada-1", "student", ada)
    taken = api.call("POST", f"/v1/people/{ben}/identities", {"subject": "ada-1", "role": "admin"})
    assert api.code(taken) == (409, "identity_taken")
    path = f"/v1/people/{ada}/identities/{identity['id']}"
    assert api.code(api.call("DELETE", path.replace(ada, ben))) == (404, "identity_not_found")
    assert api.call("DELETE", path).status_code == 204
    assert api.code(api.call("DELETE", path)) == (404, "identity_not_found")
    assert decided(f"Bearer {sign_in.token()}")[1]["code"] == "not_invited"


def test_what_is_no_account_or_nobodys_is_not_linked(api: Api) -> None:
    ada = api.created("/v1/people", {"name": "Ada"})["id"]
    good = {"subject": "ada-1", "role": "student"}
    for wrong in (
        {"subject": ""},
        {"subject": "Ä"},
        {"subject": "x" * 256},
        {"role": "camera"},
        {"issuer": "https://evil.example"},
    ):
        answer = api.call("POST", f"/v1/people/{ada}/identities", {**good, **wrong})
        assert api.code(answer) == (400, "invalid_request")
    path = "/v1/people/per_x/identities"
    for answer in (api.call("GET", path), api.call("POST", path, good)):
        assert api.code(answer) == (404, "person_not_found")


def test_a_camera_of_a_room_gets_a_new_token_and_the_old_one_ends(api: Api) -> None:
    assert api.call("GET", "/v1/me").json_body["name"] is None, "a first admin's token is nobody's"
    door = api.created("/v1/cameras", {"name": "Door", "rooms": ["B 204", "B 204"]})
    assert (door["rooms"], door["course_ids"]) == (["B 204"], [])
    me = api.call("GET", "/v1/me", token=door["token"]).json_body
    assert me == {"subject": door["id"], "role": "camera", "name": "Door"}
    renewed = api.created(f"/v1/cameras/{door['id']}/token", None)
    assert renewed["token"] != door["token"]
    assert decided(f"Bearer {door['token']}")[0] == []
    assert api.call("GET", "/v1/me", token=renewed["token"]).status_code == 200
    api.call("DELETE", f"/v1/cameras/{door['id']}")
    gone = api.call("POST", f"/v1/cameras/{door['id']}/token")
    assert api.code(gone) == (404, "camera_not_found")
    neither = api.call("POST", "/v1/cameras", {"name": "Door"})
    assert api.code(neither) == (400, "invalid_request")


def test_a_camera_that_floods_is_told_when_to_come_back(api: Api) -> None:
    from chalicelib.services.limit_frames import FRAMES, WINDOW_SECONDS

    course_id, camera = api.course_with_camera()
    session_id = api.session(course_id)
    (listed,) = api.call("GET", "/v1/cameras").json_body["items"]
    for _ in range(FRAMES):
        wiring.rate_limits().take(f"frames#{listed['id']}", FRAMES, WINDOW_SECONDS)
    upload = {"content_type": "image/png", "length": 10}
    for refused in (
        api.post_picture(session_id, camera),
        api.call("POST", f"/v1/sessions/{session_id}/frame-uploads", upload, token=camera),
    ):
        assert api.code(refused) == (429, "too_many_requests")
        assert 0 < int(refused.headers["Retry-After"]) <= WINDOW_SECONDS
