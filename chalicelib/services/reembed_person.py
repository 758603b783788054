"""Re-embed a person: a template of another pack, made of the registrations whose media are still held."""

from enum import StrEnum

from chalicelib.domain.enrolment import is_enough
from chalicelib.domain.errors import (
    ConsentMissing,
    Contention,
    PayloadTooLarge,
    PersonNotFound,
    UnreadableMedia,
    UnsupportedMediaType,
)
from chalicelib.domain.registrations import Registration, RegistrationState
from chalicelib.domain.templates import Occasion, Template, occasions_of
from chalicelib.services.enrol_candidate import ATTEMPTS, OCCASIONS_KEPT, may_match
from chalicelib.services.enrol_person import read_uploads
from chalicelib.services.ports import Media, People, Recogniser, Registrations, Templates


class Reembedding(StrEnum):
    """What became of somebody who is enrolled."""

    DONE = "done"
    HELD = "held"  # there was a template of the pack already
    MUST_ENROL_AGAIN = "must_enrol_again"  # no media are left, or the pack finds no usable view in them
    LEFT = "left"  # changed again and again meanwhile: to be tried anew


def reembed_person(
    person_id: str,
    *,
    people: People,
    registrations: Registrations,
    templates: Templates,
    media: Media,
    recogniser: Recogniser,
    max_bytes: int,
) -> Reembedding | None:
    """By the recogniser's pack; None of somebody who is not enrolled, or may not be. Other packs' templates stay.

    Whoever changes meanwhile is read anew. Faces are not searched for among others again: a human who told two people
    apart, or not, has looked at the people and not at the pack. Raises BiometricsOff.
    """
    for _ in range(ATTEMPTS):
        try:
            revision = people.get(person_id).revision
            packs = {template.model_id for template in templates.of_person(person_id)}
            if not packs or not may_match(person_id, people=people):
                return None
            if recogniser.model_id in packs:
                return Reembedding.HELD
            held = registrations.of_person(person_id)
            occasions = [each for one in held for each in _occasions(one, media, recogniser, max_bytes)]
            if not occasions:
                return Reembedding.MUST_ENROL_AGAIN
            kept = tuple(occasions[-OCCASIONS_KEPT:])
            templates.add(Template(person_id, recogniser.model_id, kept), revision)
        except PersonNotFound:
            return None
        except (Contention, ConsentMissing):
            continue
        return Reembedding.DONE
    return Reembedding.LEFT


def _occasions(
    registration: Registration, media: Media, recogniser: Recogniser, max_bytes: int
) -> tuple[Occasion, ...]:
    """As enrolment would keep them."""
    if registration.state is not RegistrationState.ENROLLED:
        return ()
    try:
        uploads = read_uploads(registration, media, max_bytes)
        views = recogniser.extract_views(uploads) if uploads else None
    except (UnreadableMedia, UnsupportedMediaType, PayloadTooLarge):
        return ()
    if views is None or not is_enough(views):
        return ()
    return occasions_of(views, registration.registration_id)
