"""What goes in and out over HTTP. Unknown fields are refused; times carry their offset."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from chalicelib.domain.media import MediaType
from chalicelib.domain.people import Use
from chalicelib.services.ports import Page, UploadTicket
from chalicelib.settings import MIB

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}_[0-9a-f]{32}$")]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("not an IANA time zone, such as Europe/Stockholm")
    return name


def _utc_years(moment: datetime) -> datetime:
    """Keeps arithmetic in range: a time with an offset may lie outside what a UTC datetime can hold."""
    if not 2000 <= moment.year <= 2200:
        raise ValueError("must lie between the years 2000 and 2200")
    return moment


TimeZone = Annotated[Text, AfterValidator(_known_zone)]
Moment = Annotated[AwareDatetime, AfterValidator(_utc_years)]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PersonIn(In):
    name: Text


class ConsentIn(In):
    text_version: Text
    signed_by: Text
    uses: Annotated[tuple[Use, ...], Field(min_length=1, max_length=len(Use))] = tuple(Use)


class CourseIn(In):
    name: Text
    time_zone: TimeZone


class SessionIn(In):
    course_id: Id
    opens_at: Moment | None = None
    closes_at: Moment


class CameraIn(In):
    name: Text
    course_ids: Annotated[frozenset[Id], Field(min_length=1, max_length=100)]


class FrameUploadIn(In):
    content_type: Literal[MediaType.JPEG, MediaType.PNG, MediaType.WEBP]
    length: Annotated[int, Field(ge=1, le=12 * MIB)]


class FileIn(In):
    content_type: MediaType
    length: Annotated[int, Field(ge=1, le=64 * MIB)]


class RegistrationIn(In):
    """One video, or several photos."""

    files: Annotated[tuple[FileIn, ...], Field(min_length=1, max_length=10)]


class PageQuery(In):
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, StringConstraints(max_length=2000)] | None = None


class FrameQuery(In):
    wait: Annotated[float, Field(ge=0, le=5)] = 0


class AttendanceQuery(In):
    format: Literal["json", "csv"] | None = None


def page_out(page: Page[Any], to_item: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    return {"items": [to_item(item) for item in page.items], "next_cursor": page.cursor}


def tickets_out(tickets: Iterable[UploadTicket]) -> list[dict[str, Any]]:
    return [
        {
            "method": "PUT",
            "url": ticket.url,
            "headers": dict(ticket.headers),
            "expires_at": time_out(ticket.expires_at),
        }
        for ticket in tickets
    ]


def time_out(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
