"""How a camera does, from one of its pictures: dark, washed out, blurred, or with its lens covered.

Judged on the picture scaled to 160 pixels, whatever is in it: an empty room in focus and in light is healthy.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.quality import CameraHealth, Condition
from chalicelib.vision.decode import Picture

# Measured on 309 photos and frames (LFW grey and colour, people walking past) and 56 of the demo's: their brightness is
# 35..192, dimmed to a tenth at most 19; their sharpness at least .26, blurred by 2 % of the width at most .18; their
# contrast at least .12 of the way to black or white, of drawn hands on the lens at most .08.
MIN_BRIGHTNESS = 25.0
MAX_BRIGHTNESS = 215.0
MIN_SHARPNESS = 0.21
MIN_CONTRAST = 0.09
"""As a part of the way from the brightness to black, or to white if that is nearer: dim and washed out pictures have
less contrast, but show something."""
_NOISE = 1.0  # deviation of luma below which there is nothing but the sensor's noise

_SIDE_PX = 160
_NEIGHBOURHOOD = np.ones((15, 15), np.uint8)
_LEAST_RANGE = 20  # of luma in a neighbourhood: less is noise
_STRONG = (
    0.5  # of the largest range: fine stripes are steep even when they are blurred, but then they are faint
)
_STEEPEST = 0.99
_COARSE_PX = 32


def _shadings() -> NDArray[np.float32]:
    """(1024, 6) orthonormal: even light, slopes and vignettes over a coarse square."""
    y, x = np.mgrid[-1 : 1 : _COARSE_PX * 1j, -1 : 1 : _COARSE_PX * 1j].reshape(2, -1)
    basis, _ = np.linalg.qr(np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1))
    return np.asarray(basis, np.float32)


_SHADINGS = _shadings()


def judge_camera(picture: Picture) -> CameraHealth:
    """The health of the camera that took an (h, w, 3) RGB picture."""
    luma = _small_luma(picture)
    brightness, contrast, sharpness = float(luma.mean()), _contrast(luma), _sharpness(luma)
    found = {
        Condition.BLOCKED: contrast < max(_NOISE, MIN_CONTRAST * min(brightness, 255 - brightness)),
        Condition.DARK: brightness < MIN_BRIGHTNESS,
        Condition.BRIGHT: brightness > MAX_BRIGHTNESS,
        Condition.BLURRED: 0 < sharpness < MIN_SHARPNESS,
    }
    conditions = tuple(condition for condition, holds in found.items() if holds)
    if Condition.BLOCKED in conditions:
        conditions = tuple(each for each in conditions if each is not Condition.BLURRED)
    return CameraHealth(brightness, contrast, sharpness, conditions)


def _small_luma(picture: Picture) -> NDArray[np.uint8]:
    """At most 160 pixels a side. In two steps: sampled to twice that, then averaged; a fifth of the work of averaging
    every pixel, and still sixteen pixels behind each of the small picture's."""
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if scale < 0.5:
        picture = np.asarray(cv2.resize(picture, (2 * size[0], 2 * size[1])), np.uint8)
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)


def _contrast(luma: NDArray[np.uint8]) -> float:
    """The deviation of the luma that no even shading across the picture explains."""
    coarse = cv2.resize(luma, (_COARSE_PX, _COARSE_PX), interpolation=cv2.INTER_AREA)
    values = coarse.astype(np.float32).ravel()
    return float((values - _SHADINGS @ (_SHADINGS.T @ values)).std())


def _sharpness(luma: NDArray[np.uint8]) -> float:
    """The luma's slope as a part of its range nearby, per pixel, where it is steepest; 0 if there is no edge.

    A part of the range, so that neither dim light nor haze reads as blur; where it is steepest, so that a face in
    focus before a soft background is sharp.
    """
    nearby = cv2.morphologyEx(luma, cv2.MORPH_GRADIENT, _NEIGHBOURHOOD)
    across = cv2.Sobel(luma, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(luma, cv2.CV_32F, 0, 1, scale=1 / 8)
    edges = nearby >= max(_LEAST_RANGE, _STRONG * float(nearby.max()))
    slopes = cv2.magnitude(across, down)[edges] / nearby[edges]
    if not slopes.size:
        return 0.0
    place = int(_STEEPEST * (slopes.size - 1))
    return float(np.partition(slopes, place)[place])
