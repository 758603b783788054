"""Ask for retraining. Whoever is enrolled, or erased, has asked by that; here a human, the schedule or a drift asks."""

from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import RetrainingNotSetUp
from chalicelib.domain.retraining import Cause, Request
from chalicelib.services.ports import Models, Retraining


def ask_for_retraining(
    cause: Cause, key: str, *, retraining: Retraining, models: Models, set_up: bool, clock: Clock
) -> Request:
    """Once for each `key`, which names nobody; the next minute finds it. Raises RetrainingNotSetUp, BiometricsOff."""
    if not set_up:
        raise RetrainingNotSetUp(
            "This deployment has no training image and role, or repository, to retrain with."
        )
    models.biometrics().require_on()
    return retraining.ask(request_for(cause, key, clock))


def request_for(cause: Cause, key: str, clock: Clock) -> Request:
    return Request(f"request#{key}", cause, clock())
