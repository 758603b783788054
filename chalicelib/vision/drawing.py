"""Draw what was seen into the picture: a person would rather see it than read it."""

from collections.abc import Mapping, Sequence

import cv2
from cv2.typing import MatLike

from chalicelib.domain.sightings import Box, Decision, Sighting
from chalicelib.vision.decode import decode_picture

_COLOUR = {Decision.ACCEPTED: (40, 130, 40), Decision.REVIEW: (0, 110, 200), Decision.UNKNOWN: (90, 90, 90)}
"""BGR, as OpenCV draws."""


def annotate(data: bytes, sightings: Sequence[Sighting], names: Mapping[str, str] | None = None) -> bytes:
    """The picture as JPEG, with boxes in the colour of their decision, name and similarity.

    `names` by person id; without one the id is shown. Raises what decode_picture raises.
    """
    picture = cv2.cvtColor(decode_picture(data), cv2.COLOR_RGB2BGR)
    for sighting in sightings:
        named = sighting.candidate if sighting.decision is not Decision.UNKNOWN else None
        label = (
            f"{(names or {}).get(named, named)} {sighting.similarity:.2f}"
            if named
            else str(sighting.decision)
        )
        _frame(picture, sighting.box, label, _COLOUR[sighting.decision])
    return cv2.imencode(".jpg", picture)[1].tobytes()


def _frame(picture: MatLike, box: Box, label: str, colour: tuple[int, int, int]) -> None:
    """The box and, on a plate of the same colour above it, the label; sizes follow the picture's."""
    thick = max(1, round(max(picture.shape) / 600))
    left, top = round(box.left), round(box.top)
    cv2.rectangle(picture, (left, top), (left + round(box.width), top + round(box.height)), colour, thick)
    size = 0.4 * thick
    (width, height), below = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
    foot = max(top, height + below)
    cv2.rectangle(picture, (left, foot - height - below), (left + width, foot), colour, cv2.FILLED)
    cv2.putText(
        picture, label, (left, foot - below // 2), cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), thick
    )
