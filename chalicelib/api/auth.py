"""The authorizer: it only says who calls. What they may do stands beside each route."""

from typing import Any

from chalice.app import AuthRequest, AuthResponse, Blueprint

from chalicelib import wiring
from chalicelib.domain.errors import InvalidToken
from chalicelib.services.verify_token import verify_token

auth = Blueprint(__name__)

BEARER = "bearer "


@auth.authorizer(ttl_seconds=60, name="authorize")
def authorize(request: AuthRequest) -> AuthResponse:
    """All routes or none: which of them the role admits is the API's to decide."""
    header: str = request.token or ""
    token = header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else ""
    try:
        caller = verify_token(token, access=wiring.access())
    except InvalidToken:
        return AuthResponse(routes=[], principal_id="unknown")
    context: dict[str, Any] = {"subject": caller.subject, "role": caller.role.value}
    return AuthResponse(routes=["*"], principal_id=caller.subject, context=context)
