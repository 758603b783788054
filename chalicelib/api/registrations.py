"""/v1/people/{id}/registrations: videos or photos in, and what became of them."""

from typing import Annotated

from pydantic import AfterValidator, Field

from chalicelib import wiring
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Answer, Routes
from chalicelib.api.schemas import In, Out, TicketOut, Time
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import ConsentMissing, PersonArchived
from chalicelib.domain.media import MediaType
from chalicelib.domain.registrations import Outcome, Registration, RegistrationState
from chalicelib.services.start_registration import start_registration
from chalicelib.settings import MAX_REGISTRATION_BYTES, MAX_REGISTRATION_FILES

registrations = Routes(__name__)


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


class OutcomeOut(Out):
    """What became of a registration, in words for people and figures."""

    explanation: str
    code: str | None
    model_id: str | None
    views_kept: int
    views_sampled: int
    dropped: dict[str, int]
    decided_by: str | None

    @classmethod
    def of(cls, outcome: Outcome) -> "OutcomeOut":
        return cls(
            explanation=outcome.explanation,
            code=outcome.code,
            model_id=outcome.model_id,
            views_kept=outcome.views_kept,
            views_sampled=outcome.views_sampled,
            dropped=dict(outcome.dropped),
            decided_by=outcome.decided_by,
        )


class RegistrationOut(Out):
    """`outcome` is null until it is known what became of it."""

    id: str
    person_id: str
    state: RegistrationState
    files: int
    created_at: Time
    outcome: OutcomeOut | None

    @classmethod
    def of(cls, registration: Registration) -> "RegistrationOut":
        outcome = registration.outcome
        return cls(
            id=registration.registration_id,
            person_id=registration.person_id,
            state=registration.state,
            files=registration.parts,
            created_at=registration.created_at,
            outcome=None if outcome is None else OutcomeOut.of(outcome),
        )


class NewRegistrationOut(RegistrationOut):
    """`uploads`: one for each file, in their order."""

    uploads: tuple[TicketOut, ...]


class RegistrationsOut(Out):
    items: tuple[RegistrationOut, ...]


@registrations.route(
    "POST", "/v1/people/{person_id}/registrations", status=201, errors=[ConsentMissing, PersonArchived]
)
def post_registration(
    request: ApiRequest, person_id: str, body: RegistrationIn
) -> Answer[NewRegistrationOut]:
    """Start a registration: tickets to upload one video, or several photos, of a person who has given consent."""
    registration, tickets = start_registration(
        person_id,
        tuple((file.content_type.value, file.length) for file in body.files),
        people=wiring.people(),
        registrations=wiring.registrations(),
        media=wiring.media(),
        models=wiring.models(),
        clock=utc_now,
        new_id=request.new_id,
    )
    out = NewRegistrationOut(**dict(RegistrationOut.of(registration)), uploads=TicketOut.of(tickets))
    return Answer(out, {"Location": f"/v1/people/{person_id}/registrations/{registration.registration_id}"})


@registrations.route("GET", "/v1/people/{person_id}/registrations")
def list_registrations(_: ApiRequest, person_id: str) -> RegistrationsOut:
    """List a person's registrations, the oldest first."""
    wiring.people().get(person_id)
    found = wiring.registrations().of_person(person_id)
    return RegistrationsOut(items=tuple(map(RegistrationOut.of, found)))


@registrations.route("GET", "/v1/people/{person_id}/registrations/{registration_id}")
def get_registration(_: ApiRequest, person_id: str, registration_id: str) -> RegistrationOut:
    """Read what became of a registration."""
    return RegistrationOut.of(wiring.registrations().get(person_id, registration_id))
