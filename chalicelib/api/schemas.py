"""What goes in and out over HTTP. Unknown fields are refused; times carry their offset."""

import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from chalicelib.domain.media import MediaType
from chalicelib.domain.people import Method, Relation, Use
from chalicelib.services.ports import Page, UploadTicket
from chalicelib.settings import (
    MAX_FRAME_BYTES,
    MAX_FRAME_WAIT_SECONDS,
    MAX_PAGE_ITEMS,
    MAX_REGISTRATION_BYTES,
    MAX_REGISTRATION_FILES,
)


def _visible(text: str) -> str:
    """Control and format characters hide or reorder what a register shows; joiners belong to some scripts' names."""
    if any(unicodedata.category(character) in HIDDEN and character not in JOINERS for character in text):
        raise ValueError("holds characters that cannot be seen")
    return text


HIDDEN, JOINERS = frozenset({"Cc", "Cf", "Cs"}), "\u200c\u200d"
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


TimeZone = Annotated[Text, AfterValidator(_known_zone)]
Moment = Annotated[AwareDatetime, AfterValidator(_utc_years)]


Uses = Annotated[tuple[Use, ...], Field(min_length=1, max_length=len(Use))]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PersonIn(In):
    name: Text


class SignerIn(In):
    name: Text
    relation: Literal[Relation.SELF, Relation.GUARDIAN, Relation.REPRESENTATIVE]


class ConsentIn(In):
    text_version: Text
    signer: SignerIn
    method: Literal[Method.PAPER, Method.ELECTRONIC, Method.IN_PERSON]
    uses: Uses


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
    length: Annotated[int, Field(ge=1, le=MAX_FRAME_BYTES)]


class FileIn(In):
    content_type: MediaType
    length: Annotated[int, Field(ge=1, le=MAX_REGISTRATION_BYTES)]


def _together_in_memory(files: tuple[FileIn, ...]) -> tuple[FileIn, ...]:
    """One function reads all files of a registration at once."""
    if sum(file.length for file in files) > MAX_REGISTRATION_BYTES:
        raise ValueError(f"together more than {MAX_REGISTRATION_BYTES} bytes")
    if len(files) > 1 and not all(file.content_type.is_picture for file in files):
        raise ValueError("either one video, or photos")
    return files


class RegistrationIn(In):
    """One video, or several photos."""

    files: Annotated[
        tuple[FileIn, ...],
        Field(min_length=1, max_length=MAX_REGISTRATION_FILES),
        AfterValidator(_together_in_memory),
    ]


class PageQuery(In):
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_ITEMS)] = 50
    cursor: Annotated[str, StringConstraints(max_length=2000)] | None = None


class FrameQuery(In):
    wait: Annotated[float, Field(ge=0, le=MAX_FRAME_WAIT_SECONDS)] = 0


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
