"""Enrol a person from an uploaded registration: make templates, or say in words why not."""

from chalicelib.domain.enrolment import describe, is_enough
from chalicelib.domain.errors import (
    BiometricsOff,
    ConsentMissing,
    Contention,
    PayloadTooLarge,
    RegistrationNotFound,
    UnreadableMedia,
    UnsupportedMediaType,
)
from chalicelib.domain.registrations import Outcome, Registration, RegistrationState
from chalicelib.domain.templates import ExtractedViews, Occasion, Template, occasions_of
from chalicelib.services.ports import Erasures, Media, Models, People, Recogniser, Registrations, Templates
from chalicelib.services.require_champion import require_champion

ATTEMPTS = 5
OCCASIONS_KEPT = 5


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
    if registration.outcome is None:
        if not _may_enrol(registration.person_id, people):
            registrations.conclude(registration, _refused())
        elif all(media.exists(part) for part in registration.keys):
            try:
                model_id = require_champion(models=models, recogniser=recogniser).model_id
                views, outcome = _look(registration, model_id, media, recogniser, max_bytes)
                _conclude(registration, views, outcome, model_id, registrations, people, templates)
            except BiometricsOff:  # before the look, or by the time that it was to be stored
                registrations.conclude(registration, _switched_off())
        registration = registrations.get(registration.person_id, registration.registration_id)
    if registration.state is RegistrationState.REFUSED:
        _forget(registration, media)
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


def _look(
    registration: Registration, model_id: str, media: Media, recogniser: Recogniser, max_bytes: int
) -> tuple[ExtractedViews | None, Outcome]:
    """The usable views, if there are any, and what is to be said of them."""
    try:
        views = recogniser.extract_views(_read(registration, media, max_bytes))
    except (UnreadableMedia, UnsupportedMediaType, PayloadTooLarge) as error:
        return None, _rejected(error.code, str(error))
    return views if is_enough(views) else None, _outcome_of(views, model_id)


def _conclude(
    registration: Registration,
    views: ExtractedViews | None,
    outcome: Outcome,
    model_id: str,
    registrations: Registrations,
    people: People,
    templates: Templates,
) -> None:
    """With a template if there are views, never without consent.

    Written again from fresh reads if somebody else changed the person meanwhile.
    """
    if views is None:
        return registrations.conclude(registration, outcome)
    occasions = occasions_of(views, registration.registration_id)
    for _ in range(ATTEMPTS):
        revision = people.get(registration.person_id).revision
        if not _may_enrol(registration.person_id, people):
            return registrations.conclude(registration, _refused())
        template = _with_occasions(templates, registration, model_id, occasions)
        try:
            return templates.enrol(template, registration, outcome, revision)
        except (Contention, ConsentMissing):
            continue
    raise Contention(f"{registration.person_id} changed {ATTEMPTS} times while being enrolled.")


def _may_enrol(person_id: str, people: People) -> bool:
    consent = people.consent(person_id)
    return consent is not None and consent.permits_matching


def _read(registration: Registration, media: Media, max_bytes: int) -> list[bytes]:
    """What cannot be found any more is left out; the recogniser says if nothing is left."""
    parts = (media.get(key, max_bytes) for key in registration.keys)
    return [part for part in parts if part is not None]


def _with_occasions(
    templates: Templates, registration: Registration, model_id: str, occasions: tuple[Occasion, ...]
) -> Template:
    """The person's template with these occasions added once; only the latest occasions are kept."""
    stored = templates.get(registration.person_id, model_id)
    others = () if stored is None else stored.occasions
    kept = tuple(other for other in others if other.registration_id != registration.registration_id)
    return Template(registration.person_id, model_id, (*kept, *occasions)[-OCCASIONS_KEPT:])


def _outcome_of(views: ExtractedViews, model_id: str) -> Outcome:
    enrolled = is_enough(views)
    return Outcome(
        state=RegistrationState.ENROLLED if enrolled else RegistrationState.REJECTED,
        code=None if enrolled else "no_usable_view",
        explanation=describe(views),
        model_id=model_id,
        views_kept=len(views.embeddings),
        views_sampled=views.sampled,
        dropped=dict(views.dropped),
    )


def _rejected(code: str, explanation: str) -> Outcome:
    return Outcome(state=RegistrationState.REJECTED, code=code, explanation=explanation)


def _refused() -> Outcome:
    return Outcome(
        state=RegistrationState.REFUSED,
        code="consent_missing",
        explanation="There is no active consent, so nothing was read and the upload was deleted.",
    )


def _switched_off() -> Outcome:
    return Outcome(
        state=RegistrationState.REFUSED,
        code=BiometricsOff.code,
        explanation="Recognition of faces is switched off, so nothing was kept and the upload was deleted.",
    )


def _forget(registration: Registration, media: Media) -> None:
    media.delete(f"registrations/{registration.person_id}/{registration.registration_id}/")
