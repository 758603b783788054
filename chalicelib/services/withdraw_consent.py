"""Withdraw consent: templates and registration media go, and the very next frame does not match the person."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import ConsentMissing
from chalicelib.domain.people import Consent
from chalicelib.services.ports import Media, People


def withdraw_consent(person_id: str, *, people: People, media: Media, clock: Clock) -> Consent:
    """Media first: a call that was cut off never leaves them behind a consent that reads as withdrawn.

    Raises PersonNotFound, ConsentMissing if there never was a consent, Contention.
    """
    people.get(person_id)
    consent = people.consent(person_id)
    if consent is None:
        raise ConsentMissing("This person has never given consent.")
    media.delete(f"registrations/{person_id}/")
    people.withdraw_consent(person_id, clock())
    media.delete(
        f"registrations/{person_id}/"
    )  # what arrived meanwhile; later uploads are refused by their events
    return people.consent(person_id) or consent
