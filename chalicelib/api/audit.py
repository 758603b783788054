"""/v1/audit: what was done, by whom, to which ids; and the signed digests that seal it."""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib import wiring
from chalicelib.api.privacy import SignedOut
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Routes
from chalicelib.api.schemas import Out, PageOut, PageQuery, Time
from chalicelib.domain.audit import AuditEntry
from chalicelib.domain.errors import DigestNotFound, InvalidRequest

audit = Routes(__name__)

Day = Annotated[
    str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"), Field(json_schema_extra={"format": "date"})
]


class AuditQuery(PageQuery):
    """`day`: in UTC."""

    day: Day


class AuditEntryOut(Out):
    at: Time
    subject: str
    role: str
    act: str
    ids: dict[str, str]
    status: int

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditEntryOut":
        return cls(
            at=entry.at,
            subject=entry.subject,
            role=entry.role,
            act=entry.act,
            ids=dict(entry.ids),
            status=entry.status,
        )


@audit.route("GET", "/v1/audit")
def list_audit(_: ApiRequest, query: AuditQuery) -> PageOut[AuditEntryOut]:
    """List what was done on a day, by time."""
    page = wiring.audit().page(_date(query.day), query.limit, query.cursor)
    return PageOut(items=tuple(map(AuditEntryOut.of, page.items)), next_cursor=page.cursor)


@audit.route("GET", "/v1/audit/digests/{day}")
def get_digest(_: ApiRequest, day: str) -> SignedOut:
    """Read the signed digest of a day; it holds the hash of the day before."""
    try:
        return SignedOut.of(wiring.seals().digest(_date(day)))
    except InvalidRequest as error:
        raise DigestNotFound(str(error)) from error


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest("There is no such day.") from error
