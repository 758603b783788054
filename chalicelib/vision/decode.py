"""Picture bytes to pixels, refusing what is hostile or damaged before a decoder sees it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.errors import UnreadablePicture
from chalicelib.domain.media import MAX_PIXELS, MediaType, check_picture
from chalicelib.vision.inflation import inflates_to_its_pixels

Picture = NDArray[np.uint8]


def decode_picture(data: bytes, max_pixels: int = MAX_PIXELS) -> Picture:
    """(h, w, 3) uint8 RGB, turned upright as its EXIF says; grey, alpha and 16 bits become plain RGB.

    Raises EmptyBody, UnsupportedMediaType, TooManyPixels, UnreadablePicture (damaged, cut off, or made to keep
    a decoder busy).
    """
    header = check_picture(data, max_pixels)
    if header.media_type is MediaType.PNG and not inflates_to_its_pixels(data):
        raise UnreadablePicture("The PNG holds far more data than pixels.")
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        raise UnreadablePicture("The picture cannot be decoded.") from error
    if picture is None:
        raise UnreadablePicture("The picture is damaged.")
    return np.asarray(picture, np.uint8)
