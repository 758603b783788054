"""Write what a training job learns from: templates of those who permit it, and the model in service. Never a name."""

import base64
from collections.abc import Iterable, Iterator

from chalicelib.domain.artefacts import MODEL, MOST_BYTES, PROJECTION, as_shipped
from chalicelib.domain.canonical import canonical
from chalicelib.domain.errors import Contention, ModelNotFound
from chalicelib.domain.models import file_of, pack_of
from chalicelib.domain.people import Consent
from chalicelib.domain.retraining import RetrainingJob
from chalicelib.domain.templates import Template
from chalicelib.services.retrainer import Retrainer

ATTEMPTS = 3
JSON, LINES, BYTES = "application/json", "application/jsonl", "application/octet-stream"


def write_dataset(job: RetrainingJob, *, retrainer: Retrainer) -> int:
    """Answers how many people are in it. What is left of an earlier try is replaced.

    Consents are looked at again once it is written: who withdrew or was erased before is not in it, and who does so
    afterwards deletes it. Raises BiometricsOff, Contention, ModelNotFound.
    """
    for _ in range(ATTEMPTS):
        retrainer.media.delete(job.dataset)
        permitted = _write(job, retrainer)
        if _permitted(permitted, retrainer) == permitted:
            retrainer.models.biometrics().require_on()
            return len(permitted)
    retrainer.media.delete(job.dataset)
    raise Contention("Consents were changed again and again while the data was gathered.")


def _write(job: RetrainingJob, retrainer: Retrainer) -> dict[str, Consent]:
    """Of everybody in it. Who has consented anew since this began is left out: templates may be of before."""
    began_at = retrainer.clock()
    pack_id = pack_of(job.champion_id)
    found: dict[str, Template] = {}
    permitted: dict[str, Consent] = {}
    for templates in retrainer.templates.in_shards(pack_id):
        consents = _permitted([template.person_id for template in templates], retrainer)
        permitted |= {each: consent for each, consent in consents.items() if consent.given_at <= began_at}
        found |= {each.person_id: each for each in templates if each.person_id in permitted}
    _write_champion(job, pack_id, retrainer)
    lines = b"".join(
        _lines(found[person_id], permitted[person_id].permits_normalisation)
        for person_id in sorted(permitted)
    )
    retrainer.media.put(f"{job.dataset}templates/people.jsonl", lines, LINES)
    described = {
        "format": 1,
        "job_id": job.job_id,
        "pack_id": pack_id,
        "champion_id": job.champion_id,
        "snapshot_at": retrainer.clock().isoformat(),
    }
    retrainer.media.put(job.description, canonical(described), JSON)
    return permitted


def _permitted(person_ids: Iterable[str], retrainer: Retrainer) -> dict[str, Consent]:
    consents = retrainer.people.consents_of(list(person_ids))
    return {consent.person_id: consent for consent in _evaluable(consents.values())}


def _evaluable(consents: Iterable[Consent]) -> Iterator[Consent]:
    return (consent for consent in consents if consent.permits_evaluation)


def _lines(template: Template, normalise: bool) -> bytes:
    occasions = [
        {
            "registration_id": occasion.registration_id,
            "views": [base64.b64encode(embedding).decode() for embedding in occasion.embeddings],
        }
        for occasion in template.occasions
    ]
    document = {"person_id": template.person_id, "normalise": normalise, "occasions": occasions}
    return canonical(document) + b"\n"


def _write_champion(job: RetrainingJob, pack_id: str, retrainer: Retrainer) -> None:
    folder = f"{job.dataset}champion/"
    if job.champion_id == pack_id:
        retrainer.media.put(f"{folder}{MODEL}", canonical(as_shipped(pack_id)), JSON)
        return
    model = retrainer.media.get(file_of(job.champion_id, MODEL), MOST_BYTES)
    if model is None:
        raise ModelNotFound(f"The files of {job.champion_id} are gone.")
    projection = retrainer.media.get(file_of(job.champion_id, PROJECTION), MOST_BYTES)
    if projection is not None:
        retrainer.media.put(f"{folder}{PROJECTION}", projection, BYTES)
    retrainer.media.put(f"{folder}{MODEL}", model, JSON)
