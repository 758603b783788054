"""Require that the model in service is of the pack that this function has at hand: models never mix."""

from chalicelib.domain.errors import ModelNotInstalled
from chalicelib.domain.templates import Champion
from chalicelib.services.ports import Models, Recogniser


def require_champion(*, models: Models, recogniser: Recogniser) -> Champion:
    """The model in service, read strongly. Raises BiometricsOff, ModelNotInstalled."""
    champion = models.champion(installed=recogniser.model_id)
    champion.biometrics.require_on()
    if champion.pack_id != recogniser.model_id:
        raise ModelNotInstalled(
            f"{champion.model_id} is in service, but this function's pack is {recogniser.model_id}."
        )
    return champion
