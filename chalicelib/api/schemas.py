"""What all routes share of what goes in and out over HTTP. Unknown fields are refused; times carry their offset."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Generic, TypeVar
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    model_validator,
)

from chalicelib.domain.external_ids import LONGEST_ID, MOST_SYSTEMS
from chalicelib.domain.names import is_visible
from chalicelib.services.ports import UploadTicket
from chalicelib.settings import MAX_PAGE_ITEMS

Item = TypeVar("Item", bound=BaseModel)


def _visible(text: str) -> str:
    if not is_visible(text):
        raise ValueError("holds characters that cannot be seen, or was not sent in UTF-8")
    return text


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_visible)
]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}_[0-9a-f]{32}$")]


def _known_zone(name: str) -> str:
    if name not in available_timezones() or name in ("localtime", "Factory"):
        raise ValueError("not an IANA time zone, such as Europe/Stockholm")
    return name


def _utc_years(moment: datetime) -> datetime:
    """The same moment in UTC; years are limited because an offset may lead out of what a datetime can hold."""
    if not 2000 <= moment.year <= 2200:
        raise ValueError("must lie between the years 2000 and 2200")
    return moment.astimezone(UTC)


def _utc_text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _real_day(text: str) -> str:
    if not 2000 <= date.fromisoformat(text).year <= 2200:
        raise ValueError("must lie between the years 2000 and 2200")
    return text


Day = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_real_day),
    Field(json_schema_extra={"format": "date"}),
]
"""A day of a course's own calendar."""
WallTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time by the clock on the wall, such as 09:15."""
System = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
ExternalId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_ID),
    AfterValidator(_visible),
]
ExternalIds = Annotated[dict[System, ExternalId], Field(max_length=MOST_SYSTEMS)]
"""What other systems call a person or a course, for example {"moodle": "123"}."""
ExternalIdChanges = Annotated[dict[System, ExternalId | None], Field(max_length=MOST_SYSTEMS)]
"""Null takes an id away; systems that are not named keep theirs."""
TimeZone = Annotated[Text, AfterValidator(_known_zone)]
Moment = Annotated[AwareDatetime, AfterValidator(_utc_years)]
Time = Annotated[
    datetime, PlainSerializer(_utc_text, return_type=str), Field(json_schema_extra={"format": "date-time"})
]
"""A moment that is answered: UTC, with a Z."""


class In(BaseModel):
    """A JSON body: what is of another type is refused, not converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Query(BaseModel):
    """A query string, in which everything is text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class PageQuery(Query):
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_ITEMS)] = 50
    cursor: Annotated[str, StringConstraints(max_length=2000)] | None = None


class FilteredQuery(PageQuery):
    """Those in use or those archived; or the one that another system knows under an id."""

    archived: bool = False
    external_system: System | None = None
    external_id: ExternalId | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> "FilteredQuery":
        if (self.external_system is None) is not (self.external_id is None):
            raise ValueError("external_system and external_id go together")
        return self

    @property
    def wanted(self) -> tuple[str, str] | None:
        """The external id that is looked for."""
        if self.external_system is None or self.external_id is None:
            return None
        return self.external_system, self.external_id


class PageOut(Out, Generic[Item]):
    """`next_cursor` is null on the last page."""

    items: tuple[Item, ...]
    next_cursor: str | None


class TicketOut(Out):
    """A presigned upload: send exactly these headers, before it expires."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: Time

    @classmethod
    def of(cls, tickets: Iterable[UploadTicket]) -> "tuple[TicketOut, ...]":
        return tuple(
            cls(method="PUT", url=ticket.url, headers=dict(ticket.headers), expires_at=ticket.expires_at)
            for ticket in tickets
        )
