"""/v1/people/{id}/registrations: videos or photos in, and what became of them."""

from typing import Any

from chalice.app import Response

from chalicelib import wiring
from chalicelib.api.routes import ADMIN, ApiRequest, Routes
from chalicelib.api.schemas import RegistrationIn, tickets_out, time_out
from chalicelib.domain.clock import utc_now
from chalicelib.domain.registrations import Registration
from chalicelib.services.start_registration import start_registration

registrations = Routes(__name__)


@registrations.route("/v1/people/{person_id}/registrations", methods=["POST"], roles=ADMIN)
def post_registration(request: ApiRequest, person_id: str) -> Response:
    body = request.json(RegistrationIn)
    registration, tickets = start_registration(
        person_id,
        tuple((file.content_type.value, file.length) for file in body.files),
        people=wiring.people(),
        registrations=wiring.registrations(),
        media=wiring.media(),
        clock=utc_now,
    )
    return Response(_registration_out(registration) | {"uploads": tickets_out(tickets)}, status_code=201)


@registrations.route("/v1/people/{person_id}/registrations", methods=["GET"], roles=ADMIN)
def list_registrations(_: ApiRequest, person_id: str) -> dict[str, Any]:
    wiring.people().get(person_id)
    found = wiring.registrations().of_person(person_id)
    return {"items": [_registration_out(registration) for registration in found]}


@registrations.route("/v1/people/{person_id}/registrations/{registration_id}", methods=["GET"], roles=ADMIN)
def get_registration(_: ApiRequest, person_id: str, registration_id: str) -> dict[str, Any]:
    return _registration_out(wiring.registrations().get(person_id, registration_id))


def _registration_out(registration: Registration) -> dict[str, Any]:
    outcome = registration.outcome
    out: dict[str, Any] = {
        "id": registration.registration_id,
        "person_id": registration.person_id,
        "state": registration.state.value,
        "files": registration.parts,
        "created_at": time_out(registration.created_at),
    }
    if outcome is not None:
        out |= {
            "explanation": outcome.explanation,
            "code": outcome.code,
            "model_id": outcome.model_id,
            "views_kept": outcome.views_kept,
            "views_sampled": outcome.views_sampled,
            "dropped": dict(outcome.dropped),
        }
    return out
