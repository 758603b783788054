"""Switch the recognition of faces off or on for the whole deployment."""

from chalicelib.domain.biometrics import Biometrics
from chalicelib.domain.clock import Clock
from chalicelib.domain.errors import ErasureUnfinished
from chalicelib.services.ports import Models


def switch_biometrics(on: bool, *, by: str, models: Models, clock: Clock) -> Biometrics:
    """Off holds for the next frame, registration and claim; what is stored is then deleted by the minute tick.

    On again, everybody has to enrol anew. Raises ErasureUnfinished while deletion goes on, Contention.
    """
    before = models.biometrics()
    if before.on == on:
        return before
    if before.erasing:
        raise ErasureUnfinished("Templates and pictures are still being deleted; then it can be switched on.")
    models.switch_biometrics(on, by, clock())
    return models.biometrics()
