"""The authorizer: it only says who calls. What they may do stands beside each route."""

from collections.abc import Mapping
from typing import Any

from chalice.app import AuthRequest, AuthResponse, Blueprint

from chalicelib import wiring
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.errors import InvalidToken, NotInvited
from chalicelib.observability import logger
from chalicelib.services.verify_token import verify_token

auth = Blueprint(__name__)

BEARER = "bearer "


@auth.authorizer(ttl_seconds=60, name="authorize")
def authorize(request: AuthRequest) -> AuthResponse:
    """All routes or none: which of them the role admits is the API's to decide.

    When the identity provider cannot be asked this fails, and nothing is remembered: the gateway says to try again.
    """
    header: str = request.token or ""
    token = header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else ""
    try:
        caller = verify_token(token, access=wiring.access(), id_tokens=wiring.id_tokens)
    except (InvalidToken, NotInvited) as error:
        logger.info("token refused", code=error.code)
        # The gateway's answer is filled with these (infra/resources/gateway.yaml).
        return AuthResponse(
            routes=[], principal_id="unknown", context={"code": error.code, "detail": str(error)}
        )
    return AuthResponse(routes=["*"], principal_id=caller.subject, context=_context(caller))


def _context(caller: Caller) -> dict[str, Any]:
    """API Gateway takes text, numbers and booleans, and no nulls."""
    context = {"subject": caller.subject, "role": caller.role.value}
    return context if caller.token_id is None else {**context, "token_id": caller.token_id}


def caller_of(context: Mapping[str, str]) -> Caller:
    """The caller that the authorizer told the gateway of."""
    return Caller(context["subject"], Role(context["role"]), context.get("token_id"))
