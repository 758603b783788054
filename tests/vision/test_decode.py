"""Pictures made here, encoded by OpenCV or byte by byte, and read back."""

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import (
    EmptyBody,
    TooManyPixels,
    UnreadableMedia,
    UnreadablePicture,
    UnsupportedMediaType,
)
from chalicelib.vision.decode import decode_picture

HEIGHT, WIDTH = 40, 60


def red_corner() -> np.ndarray:
    """(40, 60, 3) RGB: blue, with a red top left corner."""
    picture = np.full((HEIGHT, WIDTH, 3), (0, 0, 200), np.uint8)
    picture[:16, :16] = (220, 0, 0)
    return picture


def encoded(picture: np.ndarray, extension: str, *options: int) -> bytes:
    found, data = cv2.imencode(extension, picture, options)
    assert found
    return data.tobytes()


def bgr(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF segment of one entry, 0x0112."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
def test_a_picture_is_rgb(extension: str) -> None:
    picture = decode_picture(encoded(bgr(red_corner()), extension))
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.uint8
    assert picture[4, 4, 0] > 180 > 60 > picture[4, 4, 2]
    assert picture[30, 50, 2] > 180 > 60 > picture[30, 50, 0]


@pytest.mark.parametrize(("orientation", "red_at"), [(1, (4, 4)), (3, (-5, -5)), (6, (4, -5)), (8, (-5, 4))])
def test_a_picture_stands_upright_as_its_exif_says(orientation: int, red_at: tuple[int, int]) -> None:
    picture = decode_picture(with_orientation(encoded(bgr(red_corner()), ".jpg"), orientation))
    assert picture.shape[:2] == ((WIDTH, HEIGHT) if orientation > 4 else (HEIGHT, WIDTH))
    assert picture[red_at][0] > 180 > 60 > picture[red_at][2]


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((8, 9), 200, np.uint8),
        np.full((8, 9), 200 * 257, np.uint16),
        np.full((8, 9, 3), 200 * 257, np.uint16),
        np.full((8, 9, 4), 200, np.uint8),
        np.full((8, 9, 4), 200 * 257, np.uint16),
    ],
    ids=["grey", "grey16", "rgb16", "rgba", "rgba16"],
)
def test_every_kind_of_png_becomes_rgb_of_eight_bits(pixels: np.ndarray) -> None:
    picture = decode_picture(encoded(pixels, ".png"))
    assert picture.shape == (8, 9, 3)
    assert picture.dtype == np.uint8
    assert np.all(picture == 200)


@pytest.mark.parametrize("extension", [".png", ".webp"])
def test_of_a_moving_picture_the_first_frame_is_read(extension: str) -> None:
    moving = cv2.Animation()
    moving.frames = [bgr(red_corner()), np.full((HEIGHT, WIDTH, 3), 255, np.uint8)]
    moving.durations = [100, 100]
    found, data = cv2.imencodeanimation(extension, moving)
    assert found
    picture = decode_picture(data.tobytes())
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture[30, 50, 2] > 180 > 60 > picture[30, 50, 0]


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
def test_a_picture_cut_off_anywhere_is_unreadable(extension: str) -> None:
    data = encoded(bgr(red_corner()), extension)
    for length in range(12, len(data) - 1, 7):
        with pytest.raises((UnreadablePicture, UnsupportedMediaType)):
            decode_picture(data[:length])


def test_a_camera_s_trailing_bytes_do_not_matter() -> None:
    assert decode_picture(encoded(bgr(red_corner()), ".jpg") + bytes(100)).shape == (HEIGHT, WIDTH, 3)


def test_a_damaged_png_is_unreadable(capfd: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    data = bytearray(encoded(noise, ".png"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(UnreadablePicture):
        decode_picture(bytes(data))
    capfd.readouterr()  # libpng says so on stderr, which nothing can turn off


def test_too_many_pixels_are_refused() -> None:
    with pytest.raises(TooManyPixels):
        decode_picture(encoded(np.zeros((100, 101), np.uint8), ".png"), max_pixels=10_000)


def test_no_bytes_and_other_types_are_refused() -> None:
    with pytest.raises(EmptyBody):
        decode_picture(b"")
    with pytest.raises(UnsupportedMediaType):
        decode_picture(b"GIF89a" + bytes(20))


@settings(max_examples=60, deadline=None)
@given(extension=st.sampled_from([".jpg", ".png", ".webp"]), data=st.data())
def test_flipped_bytes_are_decoded_or_refused_and_nothing_else(extension: str, data: st.DataObject) -> None:
    picture = bytearray(encoded(bgr(red_corner()), extension))
    for at in data.draw(st.lists(st.integers(0, len(picture) - 1), min_size=1, max_size=8)):
        picture[at] ^= data.draw(st.integers(1, 255))
    try:
        decoded = decode_picture(bytes(picture))
    except (UnsupportedMediaType, UnreadableMedia):
        return
    assert decoded.ndim == 3
    assert decoded.dtype == np.uint8
