"""Decide a registration that awaits review: its face is that of somebody enrolled already, or two people look alike."""

from dataclasses import replace

from chalicelib.domain.duplicates import MOST_LOOKALIKES, Decision
from chalicelib.domain.errors import ConsentMissing, LimitReached, NothingToDecide
from chalicelib.domain.registrations import Outcome, Registration, RegistrationState
from chalicelib.services.enrol_candidate import enrol_candidate
from chalicelib.services.ports import Media, People, Registrations, Templates


def decide_registration(
    person_id: str,
    registration_id: str,
    decision: Decision,
    *,
    by: str,
    registrations: Registrations,
    people: People,
    templates: Templates,
    media: Media,
) -> Registration:
    """The registration as it is then; deciding the same again changes nothing.

    Raises RegistrationNotFound, NothingToDecide, ConsentMissing, LimitReached, Contention.
    """
    registration = registrations.get(person_id, registration_id)
    outcome = registration.outcome
    if outcome is not None and registration.state is RegistrationState.AWAITING_REVIEW:
        if decision is Decision.SAME_PERSON:
            templates.discard(registration, _same_person(outcome, by))
        else:
            _enrol(registration, outcome, by, people, templates)
        registration = registrations.get(person_id, registration_id)
    if registration.state is not _STATE_AFTER[decision] or registration.outcome is None:
        raise NothingToDecide("This registration does not await a review, or another decision was made.")
    if registration.outcome.decided_by is None:
        raise NothingToDecide("This registration was concluded without a review.")
    if registration.state is RegistrationState.REFUSED:
        media.delete(registration.prefix)
    return registration


def _enrol(
    registration: Registration, outcome: Outcome, by: str, people: People, templates: Templates
) -> None:
    candidate = templates.candidate(registration)
    if candidate is None:
        raise ConsentMissing("The views of this registration are gone, as the consent was withdrawn.")
    others = frozenset(each.person_id for each in outcome.resembles)
    known = people.lookalikes([registration.person_id, *others])
    met = {registration.person_id: others, **{each: {registration.person_id} for each in others}}
    if any(len(known.get(each, frozenset()) | new) > MOST_LOOKALIKES for each, new in met.items()):
        raise LimitReached(f"A person has at most {MOST_LOOKALIKES} look-alikes.")
    enrolled = replace(outcome, state=RegistrationState.ENROLLED, code="two_people", decided_by=by)
    enrol_candidate(
        candidate, registration, enrolled, people=people, templates=templates, lookalikes=sorted(others)
    )


def _same_person(outcome: Outcome, by: str) -> Outcome:
    return replace(
        outcome,
        state=RegistrationState.REFUSED,
        code="duplicate_identity",
        explanation="This face is enrolled under another name, so nothing was enrolled and the upload was deleted.",
        decided_by=by,
    )


_STATE_AFTER = {
    Decision.SAME_PERSON: RegistrationState.REFUSED,
    Decision.TWO_PEOPLE: RegistrationState.ENROLLED,
}
