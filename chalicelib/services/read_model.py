"""Read one model: what the gate decided on it, and the report that it decided by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.artefacts import KNOWN, REPORT
from chalicelib.domain.errors import ModelNotFound
from chalicelib.domain.models import InService, ModelEntry, file_of
from chalicelib.services.ports import Media, Models


@dataclass(frozen=True)
class Reported:
    """`report`: None of a pack as it was shipped."""

    model: ModelEntry
    in_service: InService
    report: Mapping[str, Any] | None


def read_model(model_id: str, *, models: Models, media: Media) -> Reported:
    """Raises ModelNotFound."""
    model, in_service = find_model(model_id, models=models)
    if model.job_id is None:
        return Reported(model, in_service, None)
    stored = media.get(file_of(model_id, REPORT), KNOWN[REPORT])
    return Reported(model, in_service, None if stored is None else json.loads(stored))


def find_model(model_id: str, *, models: Models) -> tuple[ModelEntry, InService]:
    """The pack in service is a model too, as it was shipped. Raises ModelNotFound."""
    in_service = models.in_service()
    model = (
        ModelEntry(model_id) if in_service and in_service.pack_id == model_id else models.learned(model_id)
    )
    if model is None or in_service is None:
        raise ModelNotFound(f"There is no model {model_id}.")
    return model, in_service
