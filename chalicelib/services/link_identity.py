"""Link an account at the identity provider to a person: from then on that person signs in with it."""

from chalicelib.domain.access import Account, Identity, Role
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import InvalidRequest
from chalicelib.services.ports import Access


def link_identity(person_id: str, account: Account, role: Role, *, access: Access, clock: Clock) -> Identity:
    """An account belongs to one person; a person may have several. Linked again it gets the new role.

    Raises PersonNotFound, IdentityTaken, InvalidRequest.
    """
    if not account.issuer:
        raise InvalidRequest("Signing in is not set up here: there is no issuer of accounts.")
    if role is Role.CAMERA:
        raise InvalidRequest("A camera has a token of its own, and no account.")
    identity = Identity(account=account, person_id=person_id, role=role, linked_at=clock())
    access.link_identity(identity)
    return identity
