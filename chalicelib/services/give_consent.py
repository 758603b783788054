"""Give consent: a signed permission, without which no embedding of the person is ever made."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.people import Consent, Use
from chalicelib.services.ports import Media, People


def give_consent(
    person_id: str,
    *,
    text_version: str,
    signed_by: str,
    uses: tuple[Use, ...],
    people: People,
    media: Media,
    clock: Clock,
) -> Consent:
    """It replaces the one before; one that no longer permits matching ends it as a withdrawal does.

    Raises PersonNotFound, Contention.
    """
    people.get(person_id)
    consent = Consent(
        person_id=person_id, text_version=text_version, signed_by=signed_by, uses=uses, given_at=clock()
    )
    people.give_consent(consent)
    if not consent.permits_matching:
        media.delete(f"registrations/{person_id}/")
    return consent
