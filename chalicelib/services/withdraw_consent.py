"""Withdraw consent: templates and registration media go, and the very next frame does not match the person."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import ConsentMissing
from chalicelib.domain.people import Consent
from chalicelib.services.ports import Media, People


def withdraw_consent(person_id: str, *, people: People, media: Media, clock: Clock) -> Consent:
    """Withdrawing again repeats the deletion, so a call that was cut off is finished by the next.

    Raises PersonNotFound, ConsentMissing if there never was a consent, Contention.
    """
    people.get(person_id)
    consent = people.consent(person_id)
    if consent is None:
        raise ConsentMissing("This person has never given consent.")
    people.withdraw_consent(person_id, clock())
    media.delete(f"registrations/{person_id}/")
    return people.consent(person_id) or consent
