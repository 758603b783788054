"""Promote a model by hand: the next frame is matched by it."""

from chalicelib.domain.clock import Clock
from chalicelib.services.ports import Media, Models
from chalicelib.services.read_model import Reported, find_model, read_model


def promote_model(model_id: str, *, by: str, models: Models, media: Media, clock: Clock) -> Reported:
    """In one write. In service already: nothing happens.

    Raises ModelNotFound, ModelOfAnotherPack, NotProven, Contention.
    """
    model, before = find_model(model_id, models=models)
    if model_id != before.model_id:
        models.switch(before, before.promote(model, by, clock()))
    return read_model(model_id, models=models, media=media)
