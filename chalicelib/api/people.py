"""/v1/people: people and their consent."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib import wiring
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Answer, Routes
from chalicelib.api.schemas import ExternalIdChanges, ExternalIds, FilteredQuery, In, Out, PageOut, Text, Time
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import ConsentMissing, ConsentTextNotFound, ExternalIdTaken, UsesNotNamed
from chalicelib.domain.people import Consent, Method, Person, Relation, Signer, Use
from chalicelib.services.add_person import add_person
from chalicelib.services.archive_person import archive_person, restore_person
from chalicelib.services.find_person import find_person
from chalicelib.services.give_consent import give_consent
from chalicelib.services.update_person import update_person
from chalicelib.services.withdraw_consent import withdraw_consent

people = Routes(__name__)


class PersonIn(In):
    name: Text
    external_ids: ExternalIds = Field(default_factory=dict)


class PersonChangesIn(In):
    """What is left out stays."""

    name: Text | None = None
    external_ids: ExternalIdChanges = Field(default_factory=dict)


class PersonOut(Out):
    """`archived_at`: since when the person is on no roster; null for who is not archived."""

    id: str
    name: str
    external_ids: dict[str, str]
    created_at: Time
    archived_at: Time | None

    @classmethod
    def of(cls, person: Person) -> "PersonOut":
        return cls(
            id=person.person_id,
            name=person.name,
            external_ids=dict(person.external_ids),
            created_at=person.created_at,
            archived_at=person.archived_at,
        )


class SignerIn(In):
    name: Text
    relation: Literal[Relation.SELF, Relation.GUARDIAN, Relation.REPRESENTATIVE]


class SignerOut(Out):
    name: str
    relation: Relation


class ConsentIn(In):
    """`uses`: what is permitted, of what the text names; nothing is taken for granted."""

    text_version: Text
    signer: SignerIn
    method: Literal[Method.PAPER, Method.ELECTRONIC, Method.IN_PERSON]
    uses: Annotated[tuple[Use, ...], Field(min_length=1, max_length=len(Use))]


class ConsentOut(Out):
    person_id: str
    active: bool
    text_version: str
    text_sha256: str
    signer: SignerOut
    method: Method
    uses: tuple[Use, ...]
    given_at: Time
    withdrawn_at: Time | None

    @classmethod
    def of(cls, consent: Consent) -> "ConsentOut":
        return cls(
            person_id=consent.person_id,
            active=consent.active,
            text_version=consent.text_version,
            text_sha256=consent.text_sha256,
            signer=SignerOut(name=consent.signer.name, relation=consent.signer.relation),
            method=consent.method,
            uses=consent.uses,
            given_at=consent.given_at,
            withdrawn_at=consent.withdrawn_at,
        )


@people.route("POST", "/v1/people", status=201, errors=[ExternalIdTaken])
def post_person(request: ApiRequest, body: PersonIn) -> Answer[PersonOut]:
    """Add a person: a name for people to read, an opaque id for everything else."""
    person = add_person(
        body.name,
        external_ids=body.external_ids,
        people=wiring.people(),
        clock=utc_now,
        new_id=request.new_id,
    )
    return Answer(PersonOut.of(person), {"Location": f"/v1/people/{person.person_id}"})


@people.route("GET", "/v1/people")
def list_people(_: ApiRequest, query: FilteredQuery) -> PageOut[PersonOut]:
    """List people in the order in which they were added, those archived, or the one who bears an external id."""
    if query.wanted is not None:
        found = find_person(*query.wanted, people=wiring.people())
        return PageOut(items=() if found is None else (PersonOut.of(found),), next_cursor=None)
    page = wiring.people().list(query.limit, query.cursor, archived=query.archived)
    return PageOut(items=tuple(map(PersonOut.of, page.items)), next_cursor=page.cursor)


@people.route("GET", "/v1/people/{person_id}")
def get_person(_: ApiRequest, person_id: str) -> Answer[PersonOut]:
    """Read a person."""
    person = wiring.people().get(person_id)
    return Answer(PersonOut.of(person), etag=person.revision)


@people.route("PATCH", "/v1/people/{person_id}", errors=[ExternalIdTaken], edits=True)
def patch_person(request: ApiRequest, person_id: str, body: PersonChangesIn) -> Answer[PersonOut]:
    """Change a person's name and external ids."""
    person = update_person(
        person_id,
        name=body.name,
        external_ids=body.external_ids,
        revision=request.if_match,
        people=wiring.people(),
    )
    return Answer(PersonOut.of(person), etag=person.revision)


@people.route("POST", "/v1/people/{person_id}/archive")
def post_archive_person(_: ApiRequest, person_id: str) -> Answer[PersonOut]:
    """Archive a person: off all rosters at once, so the next frame does not match him; history stays."""
    person = archive_person(person_id, people=wiring.people(), clock=utc_now)
    return Answer(PersonOut.of(person), etag=person.revision)


@people.route("POST", "/v1/people/{person_id}/restore")
def post_restore_person(_: ApiRequest, person_id: str) -> Answer[PersonOut]:
    """Restore a person to every roster that he was on."""
    person = restore_person(person_id, people=wiring.people())
    return Answer(PersonOut.of(person), etag=person.revision)


@people.route("PUT", "/v1/people/{person_id}/consent", errors=[ConsentTextNotFound, UsesNotNamed])
def put_consent(_: ApiRequest, person_id: str, body: ConsentIn) -> ConsentOut:
    """Give consent. It replaces the one before; one without matching ends it as a withdrawal does."""
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
    return ConsentOut.of(consent)


@people.route("GET", "/v1/people/{person_id}/consent", errors=[ConsentMissing])
def get_consent(_: ApiRequest, person_id: str) -> ConsentOut:
    """Read the consent that was given last."""
    wiring.people().get(person_id)
    consent = wiring.people().consent(person_id)
    if consent is None:
        raise ConsentMissing("This person has never given consent.")
    return ConsentOut.of(consent)


@people.route("DELETE", "/v1/people/{person_id}/consent", errors=[ConsentMissing])
def delete_consent(_: ApiRequest, person_id: str) -> ConsentOut:
    """Withdraw consent: templates and registration media go, and the very next frame does not match the person."""
    consent = withdraw_consent(person_id, people=wiring.people(), media=wiring.media(), clock=utc_now)
    return ConsentOut.of(consent)
