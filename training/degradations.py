"""Pictures made worse, as cameras and rooms make them. Each a change of an (h, w, 3) uint8 RGB picture."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from chalicelib.vision.decode import Picture

SENSOR_NOISE = 2.0  # of 255, standard deviation


def dark(picture: Picture) -> Picture:
    """An eighth of the light, with a sensor's noise."""
    noise = np.random.default_rng(0).normal(0, SENSOR_NOISE, picture.shape)
    return np.clip(picture / 8 + noise, 0, 255).astype(np.uint8)


def blurred(picture: Picture) -> Picture:
    """By 3 pixels, where the eyes are some 45 pixels apart."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 3), np.uint8)


def small(picture: Picture) -> Picture:
    """Scaled so that the face is about 40 pixels wide, within a frame of the picture's size."""
    height, width = picture.shape[:2]
    scale = 0.42
    less = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    down, across = (height - less.shape[0]) // 2, (width - less.shape[1]) // 2
    rest = (height - less.shape[0] - down, width - less.shape[1] - across)
    return np.asarray(
        cv2.copyMakeBorder(less, down, rest[0], across, rest[1], cv2.BORDER_REPLICATE), np.uint8
    )


def compressed(picture: Picture) -> Picture:
    """As JPEG of quality 15."""
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 15])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def rotated(picture: Picture) -> Picture:
    """By 20 degrees about its middle."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 20, 1)
    return np.asarray(
        cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


DEGRADATIONS: Mapping[str, Callable[[Picture], Picture]] = {
    "dark": dark,
    "blurred": blurred,
    "small": small,
    "compressed": compressed,
    "rotated": rotated,
}
