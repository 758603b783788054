"""Withdraw consent: templates, media and what a job learns from go; the very next frame does not match the person."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import ConsentMissing
from chalicelib.domain.people import Consent
from chalicelib.domain.retraining import DATASETS
from chalicelib.services.ports import Media, People


def withdraw_consent(person_id: str, *, people: People, media: Media, clock: Clock) -> Consent:
    """Media first: a call that was cut off never leaves them behind a consent that reads as withdrawn.

    Raises PersonNotFound, ConsentMissing if there never was a consent, Contention.
    """
    people.get(person_id)
    consent = people.consent(person_id)
    if consent is None:
        raise ConsentMissing("This person has never given consent.")
    for prefix in (f"registrations/{person_id}/", DATASETS):
        media.delete(prefix)
    people.withdraw_consent(person_id, clock())
    media.delete(
        f"registrations/{person_id}/"
    )  # what arrived meanwhile; later uploads are refused by their events
    media.delete(DATASETS)
    return people.consent(person_id) or consent
