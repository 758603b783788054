"""Appoint the first admin: a person who signs in with an account, or a token that lasts until one is linked."""

from datetime import timedelta

from chalicelib.domain.access import Account, Identity, Role
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import AdminExists, InvalidRequest
from chalicelib.domain.id_tokens import is_subject
from chalicelib.services.add_person import add_person
from chalicelib.services.issue_token import issue_admin_token
from chalicelib.services.link_identity import link_identity
from chalicelib.services.ports import Access, People


def appoint_first_admin(
    name: str, account: Account, *, again: bool, access: Access, people: People, clock: Clock
) -> Identity:
    """`again`: although there is an admin. An account that is linked already makes its person an admin.

    Raises AdminExists, InvalidRequest.
    """
    if not account.issuer or not is_subject(account.subject):
        raise InvalidRequest(
            "That is no account: there must be an issuer, and the subject as its tokens say it."
        )
    _require_none(access, again)
    known = access.identified(account)
    person_id = known.subject if known else add_person(name, people=people, clock=clock).person_id
    return link_identity(person_id, account, Role.ADMIN, access=access, clock=clock)


def issue_first_admin_token(lasting: timedelta, *, again: bool, access: Access, clock: Clock) -> str:
    """Raises AdminExists."""
    _require_none(access, again)
    return issue_admin_token(access=access, clock=clock, lasting=lasting)


def _require_none(access: Access, again: bool) -> None:
    if not again and access.has_admin():
        raise AdminExists("There is an admin already, who can link others.")
