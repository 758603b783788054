"""What is wrong with a view of a face or with a camera's picture: stable codes, and words for people.

All of it is about the view and never about the person: it tells what to do, not who somebody is.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a view of a face is not good enough to enrol from."""

    TOO_SMALL = "too_small"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    TURNED_AWAY = "turned_away"


class Condition(StrEnum):
    """Why a camera's whole picture is of little use, whether there is a face in it or not."""

    BLOCKED = "blocked"
    DARK = "dark"
    BRIGHT = "bright"
    BLURRED = "blurred"


@dataclass(frozen=True)
class CameraHealth:
    """What one picture tells of its camera.

    brightness: mean luma, 0..255. contrast: deviation of the luma about an even shading, 0..128. sharpness: how steep
    the steepest edges are, 0..0.5; 0 where there is none. conditions: the gravest first, empty for a healthy camera.
    """

    brightness: float
    contrast: float
    sharpness: float
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Words:
    """`reads` follows a count of samples ("9 were blurred"); `advice` says what to do about it."""

    reads: str
    advice: str


WORDS_BY_REASON: dict[str, Words] = {
    Reason.TOO_SMALL: Words("showed the face too small", "Move closer to the camera."),
    Reason.TOO_DARK: Words("were too dark", "Find more light."),
    Reason.TOO_BRIGHT: Words("were too bright", "Avoid the light shining on your face or into the camera."),
    Reason.BLURRED: Words("were blurred", "Hold the camera still."),
    Reason.TURNED_AWAY: Words(
        "were turned too far away", "Look towards the camera and turn the head only a little."
    ),
}
"""Read by enrolments and by cameras alike."""

ADVICE_BY_CONDITION = {
    Condition.BLOCKED: "Uncover the lens.",
    Condition.DARK: "Give the room more light.",
    Condition.BRIGHT: "Turn the camera away from the light.",
    Condition.BLURRED: "Uncover and wipe the lens, and see that the camera stands still and is in focus.",
}


def advice_on(fault: Reason | Condition) -> str:
    """What to do about it, in a sentence."""
    return WORDS_BY_REASON[fault].advice if isinstance(fault, Reason) else ADVICE_BY_CONDITION[fault]
