"""Who calls is asked once per token and minute, and every way to fail has its own answer."""

import json
from typing import Any

import pytest
from chalice.app import BuiltinAuthConfig

from infra.local.authorizer import TokenAuthorizer, Unauthorized
from infra.local.functions import Function
from infra.local.proxy import method_arn

GOOD = {"Authorization": "Bearer good"}


def test_the_authorizers_context_reaches_the_view_as_text(site: Any) -> None:
    status, _, body = site.ask("GET", "/who", headers=GOOD)
    assert status == 200
    assert json.loads(body) == {"principalId": "p-1", "role": "admin", "level": "3", "root": "true"}


def test_the_header_is_found_whatever_its_case(site: Any) -> None:
    assert site.ask("GET", "/who", headers={"aUTHORIZATION": "Bearer good"})[0] == 200


def test_without_a_token_nobody_is_asked(site: Any, tiny: Any) -> None:
    for headers in ({}, {"Authorization": ""}):
        status, given, body = site.ask("GET", "/who", headers=headers)
        assert (status, json.loads(body)["code"]) == (401, "missing_token")
        assert given["WWW-Authenticate"] == "Bearer"
    assert tiny.asked == []


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        ("unknown", 401, "invalid_token"),
        ("refused", 401, "missing_token"),
        ("broken", 503, "authorizer_failed"),
        ("nonsense", 500, "authorizer_failed"),
        ("nested", 500, "authorizer_failed"),
    ],
)
def test_each_way_to_fail_has_its_answer(site: Any, token: str, status: int, code: str) -> None:
    given, headers, body = site.ask("GET", "/who", headers={"Authorization": f"Bearer {token}"})
    assert (given, json.loads(body)["code"]) == (status, code)
    assert headers["Content-Type"] == "application/problem+json"


def test_a_denial_says_what_the_authorizer_said_and_a_failure_when_to_try_again(site: Any) -> None:
    _, headers, body = site.ask("GET", "/who", headers={"Authorization": "Bearer unknown"})
    problem = json.loads(body)
    assert (problem["type"], problem["detail"]) == ("urn:rollcall:problem:invalid_token", "Nobody holds it.")
    assert headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert site.ask("GET", "/who", headers={"Authorization": "Bearer broken"})[1]["Retry-After"] == "5"


def test_an_answer_is_kept_for_all_routes_and_a_refusal_too(site: Any, tiny: Any) -> None:
    for path in ("/who", "/who", "/who/p/again"):
        assert site.ask("GET", path, headers=GOOD)[0] == 200
        assert site.ask("GET", path, headers={"Authorization": "Bearer unknown"})[0] == 401
    assert sorted(tiny.asked) == ["Bearer good", "Bearer unknown"]


def test_a_failure_is_not_kept(site: Any, tiny: Any) -> None:
    for _ in range(2):
        site.ask("GET", "/who", headers={"Authorization": "Bearer broken"})
    assert tiny.asked == ["Bearer broken"] * 2


def _authorizer(
    ttl_seconds: int | None, now: list[float], resource: str = "*"
) -> tuple[TokenAuthorizer, list[Any]]:
    asked: list[Any] = []

    def handler(event: Any, _context: Any) -> Any:
        asked.append(event)
        statements = [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": [resource]}]
        return {"principalId": "p", "policyDocument": {"Statement": statements}}

    config = BuiltinAuthConfig("authorize", "app.authorize", ttl_seconds)
    return TokenAuthorizer(config, Function("authorize", handler), clock=lambda: now[0]), asked


@pytest.mark.parametrize(("ttl_seconds", "kept_for"), [(60, 60), (None, 300)])
def test_what_was_answered_is_forgotten_after_its_time(ttl_seconds: int | None, kept_for: int) -> None:
    now = [1000.0]
    authorizer, asked = _authorizer(ttl_seconds, now)
    authorizer.authorize("t", method_arn("GET", "/who"))
    now[0] += kept_for - 1
    authorizer.authorize("t", method_arn("GET", "/who"))
    assert len(asked) == 1
    now[0] += 1
    authorizer.authorize("t", method_arn("GET", "/who"))
    assert len(asked) == 2


def test_nothing_is_kept_when_the_time_is_zero() -> None:
    authorizer, asked = _authorizer(0, [0.0])
    for _ in range(2):
        authorizer.authorize("t", method_arn("GET", "/who"))
    assert len(asked) == 2


def test_the_authorizer_is_asked_as_aws_asks() -> None:
    authorizer, asked = _authorizer(60, [0.0])
    authorizer.authorize("Bearer x", method_arn("GET", "/who/p/again"))
    arn = "arn:aws:execute-api:us-east-1:123456789012:rollcall00/api/GET/who/p/again"
    assert asked == [{"type": "TOKEN", "methodArn": arn, "authorizationToken": "Bearer x"}]


def test_no_token_is_unauthorized() -> None:
    authorizer, _ = _authorizer(60, [0.0])
    with pytest.raises(Unauthorized):
        authorizer.authorize(None, method_arn("GET", "/who"))
