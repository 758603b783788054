"""Load the model in service: what retraining learned, from its files, or the pack as it was shipped."""

from collections.abc import Callable

from chalicelib.domain.artefacts import KNOWN, MODEL, PROJECTION
from chalicelib.domain.errors import PackRefused, PayloadTooLarge
from chalicelib.domain.models import file_of
from chalicelib.domain.templates import Champion
from chalicelib.services.ports import Media, Model, Recogniser
from chalicelib.services.recent import Recent

Refused = Callable[[str, Exception], None]


def load_model(
    champion: Champion,
    *,
    media: Media,
    recogniser: Recogniser,
    recent: Recent[str, Model],
    refused: Refused,
) -> Model:
    """The champion; where its files are missing or not what they should be, the pack as it was shipped.

    Nobody loses recognition by a damaged file: the pack keeps its promise too, only not as well. `refused` is told each
    time, and the next frame tries again. What S3 fails to answer is raised: the event will be delivered again.
    """
    if champion.model_id == champion.pack_id:
        return recogniser.shipped
    model = recent.get(champion.model_id)
    if model is None:
        try:
            model = _read(champion.model_id, media, recogniser)
        except (PackRefused, PayloadTooLarge) as error:
            refused(champion.model_id, error)
            return recogniser.shipped
        recent.put(champion.model_id, model)
    return model


def _read(model_id: str, media: Media, recogniser: Recogniser) -> Model:
    contents = {name: media.get(file_of(model_id, name), KNOWN[name]) for name in (MODEL, PROJECTION)}
    model = recogniser.learned({name: content for name, content in contents.items() if content is not None})
    if model.model_id != model_id:
        raise PackRefused(f"the files of {model_id} are those of {model.model_id}")
    return model
