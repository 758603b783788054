"""Give consent: a signed permission, without which no embedding of the person is ever made."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.people import Consent, Use
from chalicelib.services.ports import People


def give_consent(
    person_id: str, *, text_version: str, signed_by: str, uses: tuple[Use, ...], people: People, clock: Clock
) -> Consent:
    """Raises PersonNotFound."""
    people.get(person_id)
    consent = Consent(
        person_id=person_id, text_version=text_version, signed_by=signed_by, uses=uses, given_at=clock()
    )
    people.give_consent(consent)
    return consent
