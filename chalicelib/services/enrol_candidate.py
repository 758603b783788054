"""Enrol a candidate: its occasions join the person's template, and it is in the galleries of the next frames."""

from collections.abc import Collection

from chalicelib.domain.errors import ConsentMissing, Contention
from chalicelib.domain.registrations import Outcome, Registration
from chalicelib.domain.templates import Template
from chalicelib.services.ports import People, Templates

ATTEMPTS = 5
OCCASIONS_KEPT = 5


def enrol_candidate(
    candidate: Template,
    registration: Registration,
    outcome: Outcome,
    *,
    people: People,
    templates: Templates,
    lookalikes: Collection[str] = (),
) -> None:
    """Written again from fresh reads if somebody else changed one of the people meanwhile; never without consent.

    Raises ConsentMissing, Contention, PersonNotFound.
    """
    for attempt in range(1, ATTEMPTS + 1):
        revision = people.get(registration.person_id).revision
        require_consent(registration.person_id, people=people)
        others = {each: people.get(each).revision for each in lookalikes if may_match(each, people=people)}
        template = _with_occasions(templates, candidate)
        try:
            return templates.enrol(template, registration, outcome, revision, others)
        except (Contention, ConsentMissing):
            if attempt == ATTEMPTS:
                raise
    return None


def require_consent(person_id: str, *, people: People) -> None:
    if not may_match(person_id, people=people):
        raise ConsentMissing(f"{person_id} has no active consent for matching.")


def may_match(person_id: str, *, people: People) -> bool:
    consent = people.consent(person_id)
    return consent is not None and consent.permits_matching


def _with_occasions(templates: Templates, candidate: Template) -> Template:
    """The person's template with the candidate's occasions added; only the latest occasions are kept."""
    stored = templates.get(candidate.person_id, candidate.model_id)
    known = () if stored is None else stored.occasions
    return Template(candidate.person_id, candidate.model_id, (*known, *candidate.occasions)[-OCCASIONS_KEPT:])
