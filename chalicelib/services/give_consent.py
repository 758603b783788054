"""Give consent: a signed permission, without which no embedding of the person is ever made."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.consent_texts import require_named
from chalicelib.domain.people import Consent, Method, Signer, Use
from chalicelib.domain.retraining import DATASETS
from chalicelib.services.ports import ConsentTexts, Media, People


def give_consent(
    person_id: str,
    *,
    text_version: str,
    signer: Signer,
    method: Method,
    uses: tuple[Use, ...],
    texts: ConsentTexts,
    people: People,
    media: Media,
    clock: Clock,
) -> Consent:
    """It replaces the one before; one that no longer permits matching ends it as a withdrawal does.

    Only uses that the text names can be permitted, and none is taken for granted.
    Raises PersonNotFound, ConsentTextNotFound, UsesNotNamed, Contention.
    """
    people.get(person_id)
    text = texts.get(text_version)
    require_named(text, uses)
    consent = Consent(
        person_id=person_id,
        text_version=text.version,
        text_sha256=text.sha256,
        signer=signer,
        method=method,
        uses=tuple(dict.fromkeys(uses)),
        given_at=clock(),
    )
    people.give_consent(consent)
    if not consent.permits_matching:
        media.delete(f"registrations/{person_id}/")
    if not (
        consent.permits_evaluation and consent.permits_normalisation
    ):  # of a dataset it is either or both
        media.delete(DATASETS)
    return consent
