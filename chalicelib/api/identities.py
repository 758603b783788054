"""/v1/people/…/identities: the accounts that people sign in with. /v1/me: who is signed in."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from chalicelib import wiring
from chalicelib.api.requests import ApiRequest
from chalicelib.api.routes import Routes
from chalicelib.api.schemas import In, Out, Time
from chalicelib.domain.access import Account, Identity, Role
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import IdentityTaken
from chalicelib.domain.id_tokens import MAX_SUBJECT_LENGTH, is_subject
from chalicelib.services.link_identity import link_identity
from chalicelib.services.name_caller import name_caller

identities = Routes(__name__)


def _subject(text: str) -> str:
    if not is_subject(text):
        raise ValueError(f"must be 1 to {MAX_SUBJECT_LENGTH} ASCII characters")
    return text


class IdentityIn(In):
    """`subject`: what the identity provider calls the account in its tokens (`sub`)."""

    subject: Annotated[str, AfterValidator(_subject)]
    role: Literal[Role.ADMIN, Role.INSTRUCTOR, Role.STUDENT]


class IdentityOut(Out):
    id: str
    person_id: str
    issuer: str
    subject: str
    role: Role
    linked_at: Time

    @classmethod
    def of(cls, identity: Identity) -> "IdentityOut":
        return cls(
            id=identity.identity_id,
            person_id=identity.person_id,
            issuer=identity.account.issuer,
            subject=identity.account.subject,
            role=identity.role,
            linked_at=identity.linked_at,
        )


class IdentitiesOut(Out):
    items: tuple[IdentityOut, ...]


class MeOut(Out):
    """`subject`: a person's or a camera's id. `name` is null for a token that belongs to nobody."""

    subject: str
    role: Role
    name: str | None


@identities.route("POST", "/v1/people/{person_id}/identities", status=201, errors=[IdentityTaken])
def post_identity(_: ApiRequest, person_id: str, body: IdentityIn) -> IdentityOut:
    """Link an account of the school's identity provider to a person. Linked again, it gets the new role."""
    account = Account(wiring.settings().oidc_issuer, body.subject)
    return IdentityOut.of(link_identity(person_id, account, body.role, access=wiring.access(), clock=utc_now))


@identities.route("GET", "/v1/people/{person_id}/identities")
def get_identities(_: ApiRequest, person_id: str) -> IdentitiesOut:
    """List the accounts that a person signs in with."""
    wiring.people().get(person_id)
    return IdentitiesOut(items=tuple(map(IdentityOut.of, wiring.access().identities_of(person_id))))


@identities.route("DELETE", "/v1/people/{person_id}/identities/{identity_id}")
def delete_identity(_: ApiRequest, person_id: str, identity_id: str) -> None:
    """Unlink an account. Whoever is signed in with it stays so for up to a minute."""
    wiring.access().unlink_identity(person_id, identity_id)


@identities.route("GET", "/v1/me")
def get_me(request: ApiRequest) -> MeOut:
    """Who the token speaks for."""
    caller = request.caller
    name = name_caller(caller, people=wiring.people(), access=wiring.access())
    return MeOut(subject=caller.subject, role=caller.role, name=name)
