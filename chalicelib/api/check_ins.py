"""/v1/sessions/{id}/codes and check-ins: the way into the register without a face."""

from typing import Annotated

from pydantic import StringConstraints

from chalicelib import wiring
from chalicelib.api.attendance import RecordOut
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Routes
from chalicelib.api.schemas import In, Out, Time
from chalicelib.domain.clock import utc_now
from chalicelib.domain.codes import DIGITS
from chalicelib.domain.errors import CodeRefused, NotOnRoster, SessionNotOpen, TooManyRequests
from chalicelib.services.check_in import check_in
from chalicelib.services.issue_code import issue_code

check_ins = Routes(__name__)


class CodeOut(Out):
    """`code` is shown this once."""

    code: str
    expires_at: Time


class CheckInIn(In):
    code: Annotated[str, StringConstraints(pattern=rf"^[0-9]{{{DIGITS}}}$")]


@check_ins.route("POST", "/v1/sessions/{session_id}/codes", status=201, errors=[SessionNotOpen])
def post_code(request: ApiRequest, session_id: str) -> CodeOut:
    """Issue a code to be shown in class for a few minutes. The one before is good no longer."""
    code, digits = issue_code(
        session_id,
        by=request.caller.subject,
        sessions=wiring.sessions(),
        codes=wiring.codes(),
        clock=utc_now,
    )
    return CodeOut(code=digits, expires_at=code.expires_at)


@check_ins.route(
    "POST",
    "/v1/sessions/{session_id}/check-ins",
    errors=[SessionNotOpen, NotOnRoster, CodeRefused, TooManyRequests],
)
def post_check_in(request: ApiRequest, session_id: str, body: CheckInIn) -> RecordOut:
    """Check in with the code shown in class. It counts as first seen now; once is enough."""
    record = check_in(
        session_id,
        request.caller.subject,
        body.code,
        sessions=wiring.sessions(),
        courses=wiring.courses(),
        attendance=wiring.attendance(),
        codes=wiring.codes(),
        limits=wiring.rate_limits(),
        clock=utc_now,
    )
    return RecordOut.of(record)
