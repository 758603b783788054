"""API Gateway's side of a TOKEN authorizer: what it asks the Lambda, and for how long it remembers the answer."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from chalice.app import BuiltinAuthConfig

from infra.local.functions import Function, FunctionFailed, OutOfTime

DEFAULT_TTL_SECONDS = 300  # API Gateway's, when the authorizer declares none
SCALARS = (str, int, float, bool)


class Unauthorized(Exception):
    """No token, or the Lambda raised Exception("Unauthorized")."""


class AccessDenied(Exception):
    """The policy does not allow this method. `context` is what the Lambda said beside it."""

    def __init__(self, context: Mapping[str, str]) -> None:
        super().__init__()
        self.context = context


class AuthorizerFailed(Exception):
    """The Lambda raised anything else, or took too long."""


class AuthorizerMisconfigured(Exception):
    """The Lambda's answer is no policy that API Gateway could read."""


@dataclass(frozen=True)
class _Decision:
    principal_id: str
    policy: Mapping[str, Any]
    context: Mapping[str, str]


class TokenAuthorizer:
    """Decisions are kept by token, as API Gateway does: the policy of one route then serves every route."""

    def __init__(
        self, config: BuiltinAuthConfig, function: Function, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.header = config.header
        self._function = function
        self._clock = clock
        self._ttl_seconds = DEFAULT_TTL_SECONDS if config.ttl_seconds is None else config.ttl_seconds
        self._kept: dict[str, tuple[float, _Decision]] = {}
        self._lock = Lock()

    def authorize(self, token: str | None, method_arn: str) -> dict[str, str]:
        """The context that the API's function gets. Raises one of the errors above."""
        if not token:
            raise Unauthorized
        decision = self._remembered(token) or self._ask(token, method_arn)
        if not _allows(decision.policy, method_arn):
            raise AccessDenied(decision.context)
        return {**decision.context, "principalId": decision.principal_id}

    def _remembered(self, token: str) -> _Decision | None:
        with self._lock:
            expires_at, decision = self._kept.get(token, (0.0, None))
            return decision if self._clock() < expires_at else None

    def _ask(self, token: str, method_arn: str) -> _Decision:
        event = {"type": "TOKEN", "methodArn": method_arn, "authorizationToken": token}
        try:
            answer = self._function.invoke_within(self._function.timeout_seconds, event)
        except OutOfTime as error:
            raise AuthorizerFailed from error
        except FunctionFailed as error:
            # API Gateway knows a refusal by this message alone.
            if str(error.__cause__) == "Unauthorized":
                raise Unauthorized from error
            raise AuthorizerFailed from error
        decision = _decision(answer)
        if self._ttl_seconds:
            self._remember(token, decision)
        return decision

    def _remember(self, token: str, decision: _Decision) -> None:
        now = self._clock()
        with self._lock:
            self._kept = {key: kept for key, kept in self._kept.items() if kept[0] > now}
            self._kept[token] = (now + self._ttl_seconds, decision)


def _decision(answer: Any) -> _Decision:
    context = (answer.get("context") or {}) if isinstance(answer, dict) else None
    policy = answer.get("policyDocument") if isinstance(answer, dict) else None
    if not isinstance(policy, dict) or not answer.get("principalId") or not isinstance(context, dict):
        raise AuthorizerMisconfigured("no principal or no policy")
    if not all(isinstance(value, SCALARS) for value in context.values()):
        raise AuthorizerMisconfigured("a context value is neither text, number nor boolean")
    return _Decision(answer["principalId"], policy, {key: _text(value) for key, value in context.items()})


def _text(value: str | float | bool) -> str:
    """API Gateway hands every value on as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _allows(policy: Mapping[str, Any], method_arn: str) -> bool:
    """Allowed by one statement and denied by none."""
    effects = {
        statement.get("Effect")
        for statement in policy.get("Statement", [])
        if any(_covers(pattern, method_arn) for pattern in _listed(statement.get("Resource", [])))
    }
    return effects == {"Allow"}


def _listed(resource: str | Iterable[str]) -> Iterable[str]:
    return [resource] if isinstance(resource, str) else resource


def _covers(pattern: str, arn: str) -> bool:
    """`*` stands for any characters, slashes too, and `?` for one; nothing else is special."""
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(regex, arn, re.DOTALL) is not None
