"""Roll back: from the model in service to the one before it, in one call that the next frame follows."""

from chalicelib.domain.clock import Clock
from chalicelib.services.ports import Media, Models
from chalicelib.services.read_model import Reported, find_model, read_model


def rollback_model(model_id: str, *, by: str, models: Models, media: Media, clock: Clock) -> Reported:
    """`model_id` is what is rolled back from, so that a call that is sent again never goes back twice.

    Answers what is in service then. Raises ModelNotFound, NotInService, NothingToRollBackTo, ModelOfAnotherPack,
    Contention.
    """
    _, before = find_model(model_id, models=models)
    after = before.roll_back(model_id, by, clock())
    models.switch(before, after)
    return read_model(after.model_id, models=models, media=media)
