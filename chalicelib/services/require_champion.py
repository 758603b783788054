"""Require that the model in service is the one that this function has at hand: models never mix."""

from chalicelib.domain.errors import ModelNotInstalled
from chalicelib.services.ports import Models, Recogniser


def require_champion(*, models: Models, recogniser: Recogniser) -> str:
    """The model's id, read strongly. Raises ModelNotInstalled."""
    model_id = models.champion(installed=recogniser.model_id)
    if model_id != recogniser.model_id:
        raise ModelNotInstalled(
            f"{model_id} is in service, but this function's pack is {recogniser.model_id}."
        )
    return model_id
