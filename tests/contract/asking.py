"""Requests drawn from the OpenAPI document, and what is wrong with their answers."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from unittest import mock

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chalicelib import wiring
from chalicelib.api.permissions import PERMISSIONS
from chalicelib.api.routes import operations
from chalicelib.domain.access import Caller, Reach, Role
from tests.contract.lives import lived_in, seal_yesterday
from tests.contract.plausible import plausible_body
from tests.support.estate import Estate, placeholders
from tests.support.fakes import FakeRecogniser, picture
from tests.support.world import World

ANYBODY = "anybody"
PLAUSIBLE_SHARE = 0.5
CHECKS: list[CheckFunction] = [status_code_conformance, content_type_conformance, response_schema_conformance]
TIMEOUT_SECONDS = 30
FILES = {
    "image/jpeg": (picture("x"), picture(), b"", b"\xff\xd8\xff\xe0 cut", b"GIF89a"),
    "text/csv": (b"name,sis_id\nAda,1\n", b"name\nAda\nAda\n", b"name\n\xff\n", b'"', b"", b"a;b\n1;2\n"),
}
"""What routes take that is no JSON, by its first type."""
PHASES = [Phase.generate]


@dataclass(frozen=True)
class Asked:
    """One request and its answer. `forbidden`: the table denies it. `invalid`: body or query break the document."""

    role: str
    route: str
    status: int
    forbidden: bool
    invalid: bool
    undocumented: str
    told: str

    @property
    def wrong(self) -> str:
        if self.status >= 500:
            return "server error"
        if self.forbidden and self.status < 400:
            return "forbidden allowed"
        if self.invalid and self.status < 300:
            return "invalid accepted"
        return "undocumented" if self.undocumented else ""


def ask_everything(url: str, cases: int, seed_number: int) -> Iterator[Asked]:
    """Each role has estates of its own, so that what one destroys another still finds."""
    schema = schemathesis.openapi.from_dict(
        requests.get(f"{url}/openapi.json", timeout=TIMEOUT_SECONDS).json()
    )
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    seal_yesterday()
    recogniser = FakeRecogniser()
    with mock.patch.object(wiring, "recogniser", return_value=recogniser):
        for role in (None, *reversed(Role)):  # admins last: they may switch off what the others need
            world = World(recogniser, now=datetime.now(UTC))
            ours, theirs = (lived_in(world, f"{whose} {role}") for whose in ("ours", "theirs"))
            token = None if role is None else _token(ours.caller(role))
            for route in sorted(PERMISSIONS, key=_gentlest_first):
                method, path = route.split(" ")
                yield from _ask(schema[path][method], url, role, token, ours, theirs, cases, seed_number)


def _gentlest_first(route: str) -> tuple[bool, bool, str]:
    """What ends things comes last, what tells of an end after it, and what ends everything very last."""
    ends = route.startswith("DELETE") or route.endswith(
        ("/cancel", "/close", "/archive", "/erasure", "/promote", "/rollback")
    )
    return ("biometrics" in route, ends, route)


def _token(caller: Caller) -> str:
    token = f"rollcall_contract-{caller.subject}"
    if caller.role is Role.CAMERA:  # a camera has one token, and is asked for it at every request
        wiring.access().replace_camera_token(caller.subject, token)
    else:
        wiring.access().add_token(token, caller, created_at=datetime.now(UTC), expires_at=None)
    return token


def _ask(
    operation: Any,
    url: str,
    role: Role | None,
    token: str | None,
    ours: Estate,
    theirs: Estate,
    cases: int,
    seed_number: int,
) -> list[Asked]:
    route = f"{operation.method.upper()} {operation.path}"
    rule, random = PERMISSIONS[route], Random(f"{seed_number} {role} {route}")
    files = FILES.get(operations[route].takes[0])
    session = requests.Session()
    asked: list[Asked] = []

    def given_token(request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put on last: schemathesis breaks the token too, and then nothing behind it would be asked."""
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    def ask(case: Any, *, broken: bool) -> None:
        whose = random.choice(("ours", "ours", "theirs", "nobody's"))
        estates = {"ours": ours, "theirs": theirs}
        if whose in estates:
            case.path_parameters = estates[whose].named(operation.path) or case.path_parameters
        body = plausible_body(route, ours, len(asked))
        if not broken and whose == "ours" and body is not None and random.random() < PLAUSIBLE_SHARE:
            case.body = body
        if files is not None:
            case.media_type = random.choice(operations[route].takes)
            case.body = random.choice(files)
        response = case.call(base_url=url, session=session, timeout=TIMEOUT_SECONDS, auth=given_token)
        reach = rule.get(role) if role is not None else None
        denied = bool(rule) and (reach is None or (reach is Reach.OWN and whose != "ours"))
        asked.append(
            Asked(
                role=ANYBODY if role is None else role.value,
                route=route,
                status=response.status_code,
                forbidden=denied and bool(placeholders(operation.path) or reach is None),
                invalid=broken and files is None and _breaks(case),
                undocumented=_undocumented(case, response),
                told=f"{case.query} {str(case.body)[:300]} -> {response.text[:300]}",
            )
        )

    for mode, count in ((GenerationMode.POSITIVE, cases - cases // 2), (GenerationMode.NEGATIVE, cases // 2)):
        _draw(operation, mode, count, seed_number, ask)
    session.close()
    return asked


def _draw(operation: Any, mode: GenerationMode, count: int, seed_number: int, ask: Any) -> None:
    strategy = operation.as_strategy(generation_mode=mode)

    @seed(seed_number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=PHASES,
    )
    @given(case=strategy)
    def drawn(case: Any) -> None:
        ask(case, broken=mode is GenerationMode.NEGATIVE)

    # Not every route has something that can be broken.
    with suppress(Unsatisfiable):
        drawn()


def _breaks(case: Any) -> bool:
    """Whether body or query are what was broken; headers and paths are answered in other ways."""
    components = case.meta.components if case.meta else {}
    broken = {
        str(kind.value) for kind, component in components.items() if component.mode is GenerationMode.NEGATIVE
    }
    return bool(broken & {"body", "query"})


def _undocumented(case: Any, response: Any) -> str:
    try:
        case.validate_response(response, checks=CHECKS)
    except (Failure, FailureGroup) as error:
        parts = error.exceptions if isinstance(error, FailureGroup) else [error]
        return "; ".join(f"{part}"[:300] for part in parts)
    return ""
