"""Enrol a person from an uploaded registration: make templates, or say in words why not.

The views are held as a candidate first, then the face is searched among everybody, and only then enrolled: whatever
write the process dies after, the event delivered again carries on from there.
"""

from dataclasses import replace

from chalicelib.domain.duplicates import Likeness
from chalicelib.domain.enrolment import describe, is_enough
from chalicelib.domain.errors import (
    BiometricsOff,
    ConsentMissing,
    Contention,
    LimitReached,
    PayloadTooLarge,
    RegistrationNotFound,
    UnreadableMedia,
    UnsupportedMediaType,
)
from chalicelib.domain.registrations import Outcome, Registration, RegistrationState, without_consent
from chalicelib.domain.templates import ExtractedViews, Template, occasions_of
from chalicelib.services.enrol_candidate import ATTEMPTS, enrol_candidate, require_consent
from chalicelib.services.find_duplicates import find_duplicates
from chalicelib.services.ports import Erasures, Media, Models, People, Recogniser, Registrations, Templates
from chalicelib.services.require_champion import require_champion


def enrol_person(
    key: str,
    *,
    registrations: Registrations,
    people: People,
    templates: Templates,
    models: Models,
    media: Media,
    recogniser: Recogniser,
    erasures: Erasures,
    max_bytes: int,
) -> Registration:
    """Without consent nothing is read or waited for; with it, the last part to arrive does the work.

    Raises RegistrationNotFound for a key that was never minted, PersonNotFound, Contention, ModelNotInstalled.
    """
    try:
        registration = _registration_of(key, registrations)
    except RegistrationNotFound:
        _delete_if_erased(key, erasures, media)
        raise
    try:
        if registration.state in (RegistrationState.AWAITING_UPLOAD, RegistrationState.PENDING):
            require_consent(registration.person_id, people=people)
            model_id = require_champion(models=models, recogniser=recogniser).pack_id
            if _is_unread(registration, model_id) and all(media.exists(part) for part in registration.keys):
                views, outcome = _look(registration, model_id, media, recogniser, max_bytes)
                if views is None:
                    registrations.conclude(registration, outcome)
                else:
                    _hold(registration, views, outcome, model_id, registrations, people, templates)
                registration = registrations.get(registration.person_id, registration.registration_id)
        if registration.state is RegistrationState.PENDING:
            _settle(registration, registrations, people, templates, recogniser)
    except ConsentMissing:
        registrations.conclude(registration, without_consent())
    except BiometricsOff:  # before the look, or by the time that it was to be stored
        registrations.conclude(registration, _switched_off())
    registration = registrations.get(registration.person_id, registration.registration_id)
    if registration.state is RegistrationState.REFUSED:
        media.delete(registration.prefix)
    return registration


def _delete_if_erased(key: str, erasures: Erasures, media: Media) -> None:
    """A ticket may have been used after its person was erased."""
    person_id = key.split("/")[1]
    if person_id and erasures.get(person_id) is not None:
        media.delete(f"registrations/{person_id}/")


def _registration_of(key: str, registrations: Registrations) -> Registration:
    parts = key.split("/")
    if len(parts) != 4 or not all(parts):
        raise RegistrationNotFound(f"No registration was minted for the key {key}.")
    registration = registrations.get(parts[1], parts[2])
    if key not in registration.keys:
        raise RegistrationNotFound(f"No registration was minted for the key {key}.")
    return registration


def _is_unread(registration: Registration, model_id: str) -> bool:
    return registration.outcome is None or registration.outcome.model_id != model_id


def _look(
    registration: Registration, model_id: str, media: Media, recogniser: Recogniser, max_bytes: int
) -> tuple[ExtractedViews | None, Outcome]:
    """The usable views, if there are any, and what is to be said of them."""
    try:
        views = recogniser.extract_views(read_uploads(registration, media, max_bytes))
    except (UnreadableMedia, UnsupportedMediaType, PayloadTooLarge) as error:
        return None, _rejected(error.code, str(error))
    return views if is_enough(views) else None, _outcome_of(views, model_id)


def read_uploads(registration: Registration, media: Media, max_bytes: int) -> list[bytes]:
    """What cannot be found any more is left out; the recogniser says if nothing is left."""
    parts = (media.get(key, max_bytes) for key in registration.keys)
    return [part for part in parts if part is not None]


def _hold(
    registration: Registration,
    views: ExtractedViews,
    outcome: Outcome,
    model_id: str,
    registrations: Registrations,
    people: People,
    templates: Templates,
) -> None:
    occasions = occasions_of(views, registration.registration_id)
    candidate = Template(registration.person_id, model_id, occasions)
    for _ in range(ATTEMPTS):
        revision = people.get(registration.person_id).revision
        try:
            return templates.hold(candidate, registration, outcome, revision)
        except LimitReached as error:
            return registrations.conclude(registration, _rejected(error.code, str(error)))
        except Contention:
            continue
    raise Contention(f"{registration.person_id} changed {ATTEMPTS} times while being enrolled.")


def _settle(
    registration: Registration,
    registrations: Registrations,
    people: People,
    templates: Templates,
    recogniser: Recogniser,
) -> None:
    """Enrol the candidate, or leave it to a human if somebody has that face already."""
    candidate, outcome = templates.candidate(registration), registration.outcome
    if candidate is None or outcome is None:
        return  # concluded by another delivery since it was read
    found = find_duplicates(candidate, templates=templates, people=people, recogniser=recogniser)
    if found:
        registrations.conclude(registration, _to_review(outcome, found))
    else:
        enrolled = replace(outcome, state=RegistrationState.ENROLLED)
        enrol_candidate(candidate, registration, enrolled, people=people, templates=templates)


def _to_review(outcome: Outcome, found: tuple[Likeness, ...]) -> Outcome:
    return replace(
        outcome,
        state=RegistrationState.AWAITING_REVIEW,
        code="resembles_another_person",
        explanation=f"{outcome.explanation} Somebody with this face is enrolled already: a human decides.",
        resembles=found,
    )


def _outcome_of(views: ExtractedViews, model_id: str) -> Outcome:
    enough = is_enough(views)
    return Outcome(
        state=RegistrationState.PENDING if enough else RegistrationState.REJECTED,
        code=None if enough else "no_usable_view",
        explanation=describe(views),
        model_id=model_id,
        views_kept=len(views.embeddings),
        views_sampled=views.sampled,
        dropped=dict(views.dropped),
    )


def _rejected(code: str, explanation: str) -> Outcome:
    return Outcome(state=RegistrationState.REJECTED, code=code, explanation=explanation)


def _switched_off() -> Outcome:
    return Outcome(
        state=RegistrationState.REFUSED,
        code=BiometricsOff.code,
        explanation="Recognition of faces is switched off, so nothing was kept and the upload was deleted.",
    )
