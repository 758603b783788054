"""How good a view of a face is: what an enrolment keeps, and what a sighting tells of itself.

The measures are about the view, never about the person: sharpness is relative to the face's own contrast, so
that neither dark skin nor a dim room reads as blur; "too dark" begins far below any skin in ordinary light.

Two turns of the head are not judged. Roll: the chip is turned upright. Pitch: five landmarks do not show it alike in
every convention; MTCNN's nose stays where it was when a head bows, and YuNet's hardly rises when it is thrown back.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.quality import Reason
from chalicelib.vision.decode import Picture
from chalicelib.vision.faces import Face

# Chosen so that of ordinary photos (LFW) nearly all pass while, of the same photos, nearly all fail once
# blurred with sigma 3 (eyes 46 px apart), dimmed to a fifth, or lit four times as bright on one side:
# tests/vision/test_quality.py holds the rates.
MIN_EYES_PX = 24.0
"""Between the eyes; the face is then some 55 px wide, a third of the embedder's chip."""
MIN_BRIGHTNESS = 40.0
MAX_BRIGHTNESS = 220.0
MAX_CLIPPED = 0.3
"""Of 3 029 photos of LFW none has more than 0.14. A face half in the sun is no brighter on average than others."""
MIN_SHARPNESS = 0.046
MAX_TURN = 0.4
"""The nose's offset as a fraction of the eyes' distance; about 35 degrees of yaw."""

_WHITE = 250
_CROP_PX = 64  # the side to which every face is scaled before its sharpness is measured
_EYES_TO_CROP = 1.7  # eyebrows to chin: wider takes in hair and background


@dataclass(frozen=True)
class FaceQuality:
    """Measures of one view.

    eyes_px: distance between the eyes. brightness: mean luma, 0..255. clipped: the part of the face that is white,
    0..1. sharpness: variance of the Laplacian over the variance of the luma, of the face scaled to 64 px. turn: 0
    facing the camera, grows with yaw.
    """

    eyes_px: float
    brightness: float
    clipped: float
    sharpness: float
    turn: float

    @property
    def score(self) -> float:
        """0..1, the worst of the measures; one half at its limit, so `reasons` is empty from one half on."""
        measures = (
            self.eyes_px / MIN_EYES_PX,
            self.brightness / MIN_BRIGHTNESS,
            (255 - self.brightness) / (255 - MAX_BRIGHTNESS),
            2 - self.clipped / MAX_CLIPPED,
            self.sharpness / MIN_SHARPNESS,
            2 - self.turn / MAX_TURN,
        )
        return min(1.0, max(0.0, min(measures) / 2))


def measure(picture: Picture, face: Face) -> FaceQuality:
    """The quality of one face of an (h, w, 3) RGB picture."""
    eyes_px = float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))
    luma = _face_luma(picture, face.landmarks)
    return FaceQuality(
        eyes_px=eyes_px,
        brightness=float(luma.mean()),
        clipped=float((luma >= _WHITE).mean()),
        sharpness=float(cv2.Laplacian(luma, cv2.CV_32F).var() / max(float(luma.var()), 1.0)),
        turn=_turn(face.landmarks, eyes_px),
    )


def reasons(quality: FaceQuality) -> tuple[Reason, ...]:
    """What is wrong with the view, the gravest first; empty if it is good enough to enrol from."""
    found = {
        Reason.TOO_SMALL: quality.eyes_px < MIN_EYES_PX,
        Reason.TOO_DARK: quality.brightness < MIN_BRIGHTNESS,
        Reason.TOO_BRIGHT: quality.brightness > MAX_BRIGHTNESS or quality.clipped > MAX_CLIPPED,
        Reason.BLURRED: quality.sharpness < MIN_SHARPNESS,
        Reason.TURNED_AWAY: quality.turn > MAX_TURN,
    }
    return tuple(reason for reason, holds in found.items() if holds)


def _face_luma(picture: Picture, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """(64, 64) float32: the face's middle, whatever its detector calls a box."""
    eyes, mouth = landmarks[:2], landmarks[3:]
    # A turned head brings the eyes together, not the eyes and the mouth.
    spans = (eyes[1] - eyes[0], mouth.mean(0) - eyes.mean(0))
    span = max(1.0, *(float(np.linalg.norm(each)) for each in spans))
    half = _EYES_TO_CROP * span / 2
    height, width = picture.shape[:2]
    left, top = np.clip(np.floor(landmarks.mean(0) - half), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(landmarks.mean(0) + half), (left + 1, top + 1), (width, height)).astype(
        int
    )
    grey = cv2.cvtColor(picture[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    scaled = cv2.resize(grey, (_CROP_PX, _CROP_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(scaled, np.float32)


def _turn(landmarks: NDArray[np.float32], eyes_px: float) -> float:
    """How far the nose lies from the middle between the eyes, along their line, in eyes' distances."""
    along = (landmarks[1] - landmarks[0]) / max(eyes_px, 1.0)
    return float(abs((landmarks[2] - landmarks[:2].mean(0)) @ along) / max(eyes_px, 1.0))
