"""/v1/people: people and their consent."""

from typing import Any

from chalice.app import Response

from chalicelib import wiring
from chalicelib.api.routes import ADMIN, ApiRequest, Routes
from chalicelib.api.schemas import ConsentIn, PageQuery, PersonIn, page_out, time_out
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import ConsentMissing
from chalicelib.domain.people import Consent, Person, Signer
from chalicelib.services.add_person import add_person
from chalicelib.services.give_consent import give_consent
from chalicelib.services.withdraw_consent import withdraw_consent

people = Routes(__name__)


@people.route("/v1/people", methods=["POST"], roles=ADMIN)
def post_person(request: ApiRequest) -> Response:
    body = request.json(PersonIn)
    person = add_person(body.name, people=wiring.people(), clock=utc_now)
    return Response(_person_out(person), status_code=201)


@people.route("/v1/people", methods=["GET"], roles=ADMIN)
def list_people(request: ApiRequest) -> dict[str, Any]:
    query = request.query(PageQuery)
    return page_out(wiring.people().list(query.limit, query.cursor), _person_out)


@people.route("/v1/people/{person_id}", methods=["GET"], roles=ADMIN)
def get_person(_: ApiRequest, person_id: str) -> dict[str, Any]:
    return _person_out(wiring.people().get(person_id))


@people.route("/v1/people/{person_id}/consent", methods=["PUT"], roles=ADMIN)
def put_consent(request: ApiRequest, person_id: str) -> dict[str, Any]:
    body = request.json(ConsentIn)
    consent = give_consent(
        person_id,
        text_version=body.text_version,
        signer=Signer(body.signer.name, body.signer.relation),
        method=body.method,
        uses=body.uses,
        texts=wiring.consent_texts(),
        people=wiring.people(),
        media=wiring.media(),
        clock=utc_now,
    )
    return _consent_out(consent)


@people.route("/v1/people/{person_id}/consent", methods=["GET"], roles=ADMIN)
def get_consent(_: ApiRequest, person_id: str) -> dict[str, Any]:
    wiring.people().get(person_id)
    consent = wiring.people().consent(person_id)
    if consent is None:
        raise ConsentMissing("This person has never given consent.")
    return _consent_out(consent)


@people.route("/v1/people/{person_id}/consent", methods=["DELETE"], roles=ADMIN)
def delete_consent(_: ApiRequest, person_id: str) -> dict[str, Any]:
    return _consent_out(
        withdraw_consent(person_id, people=wiring.people(), media=wiring.media(), clock=utc_now)
    )


def _person_out(person: Person) -> dict[str, Any]:
    return {"id": person.person_id, "name": person.name, "created_at": time_out(person.created_at)}


def _consent_out(consent: Consent) -> dict[str, Any]:
    return {
        "person_id": consent.person_id,
        "active": consent.active,
        "text_version": consent.text_version,
        "text_sha256": consent.text_sha256,
        "signer": {"name": consent.signer.name, "relation": consent.signer.relation.value},
        "method": consent.method.value,
        "uses": list(consent.uses),
        "given_at": time_out(consent.given_at),
        "withdrawn_at": time_out(consent.withdrawn_at),
    }
