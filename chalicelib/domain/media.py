"""What bytes are, told by the bytes themselves: neither a file name nor a Content-Type header is believed.

Standard library only: the HTTP API refuses bad uploads at the door without carrying a vision library.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain import jpeg
from chalicelib.domain.errors import EmptyBody, TooManyPixels, UnreadablePicture, UnsupportedMediaType

MAX_PIXELS = 25_000_000
"""A phone's picture fits; a PNG of 1 MB and 20 000 x 20 000 pixels, which decodes to 2.3 GB, does not."""


class MediaType(StrEnum):
    """The types that Rollcall reads."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    MP4 = "video/mp4"
    QUICKTIME = "video/quicktime"
    WEBM = "video/webm"
    MATROSKA = "video/x-matroska"
    AVI = "video/x-msvideo"

    @property
    def is_picture(self) -> bool:
        return self.startswith("image/")

    @property
    def is_video(self) -> bool:
        return self.startswith("video/")


@dataclass(frozen=True)
class PictureHeader:
    """What a picture's header declares; `width` and `height` in pixels as stored, before EXIF turns it."""

    media_type: MediaType
    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height


def sniff(data: bytes) -> MediaType:
    """The type of `data` by its first bytes. Raises EmptyBody, UnsupportedMediaType."""
    if not data:
        raise EmptyBody("There are no bytes.")
    for recognise in (_picture_type, _iso_media_type, _matroska_type):
        media_type = recognise(data)
        if media_type:
            return media_type
    raise UnsupportedMediaType(
        "Neither a picture (JPEG, PNG, WebP) nor a video (MP4, MOV, WebM, Matroska, AVI)."
    )


def picture_size(data: bytes) -> tuple[int, int]:
    """(width, height) in pixels as the header declares them; nothing is decoded.

    Raises EmptyBody, UnsupportedMediaType (no picture), UnreadablePicture (no size in the header).
    """
    return _size(data, _picture_type_of(data))


def check_picture(data: bytes, max_pixels: int = MAX_PIXELS) -> PictureHeader:
    """The header of a picture that is whole and small enough to decode.

    Raises EmptyBody, UnsupportedMediaType, UnreadablePicture (damaged header, cut off, or made
    to keep a decoder busy), TooManyPixels.
    """
    media_type = _picture_type_of(data)
    width, height = _size(data, media_type)
    if width * height > max_pixels:
        raise TooManyPixels(f"{width} x {height} pixels; at most {max_pixels} are read.")
    if not _IS_WHOLE[media_type](data):
        raise UnreadablePicture("The picture is cut off before its end.")
    if media_type is MediaType.JPEG and not jpeg.has_few_scans(data):
        raise UnreadablePicture(f"The JPEG has more than {jpeg.MAX_SCANS} scans.")
    return PictureHeader(media_type, width, height)


def _picture_type_of(data: bytes) -> MediaType:
    media_type = sniff(data)
    if not media_type.is_picture:
        raise UnsupportedMediaType(f"A picture is wanted, this is {media_type}.")
    return media_type


def _size(data: bytes, media_type: MediaType) -> tuple[int, int]:
    try:
        width, height = _SIZE_OF[media_type](data)
    except (struct.error, IndexError):
        raise UnreadablePicture("The picture is cut off inside its header.") from None
    if not width or not height:
        raise UnreadablePicture("The picture's header declares no size.")
    return width, height


# What each container opens with. RIFF holds WebP and AVI; ISO media (`ftyp`) holds MP4 and QuickTime, but
# also HEIC and AVIF pictures and M4A sound, so its brands are admitted by name.

_JPEG_START = b"\xff\xd8\xff"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_EBML_START = b"\x1a\x45\xdf\xa3"
_MP4_BRANDS = (b"iso", b"mp4", b"avc1", b"hvc1", b"M4V", b"MSNV", b"dash", b"3gp", b"3g2", b"f4v ", b"mmp4")


def _picture_type(data: bytes) -> MediaType | None:
    if data.startswith(_JPEG_START):
        return MediaType.JPEG
    if data.startswith(_PNG_START):
        return MediaType.PNG
    if data.startswith(b"RIFF"):
        return {b"WEBP": MediaType.WEBP, b"AVI ": MediaType.AVI}.get(data[8:12])
    return None


def _iso_media_type(data: bytes) -> MediaType | None:
    if data[4:8] != b"ftyp":
        return None
    brand = data[8:12]
    if brand == b"qt  ":
        return MediaType.QUICKTIME
    return MediaType.MP4 if brand.startswith(_MP4_BRANDS) else None


def _matroska_type(data: bytes) -> MediaType | None:
    if not data.startswith(_EBML_START):
        return None
    head = data[:128]
    doctype = head.find(b"\x42\x82")  # EBML's DocType element: id, one byte of length (0x80 | n), n letters
    if doctype < 0:
        return None
    if head.startswith(b"\x84webm", doctype + 2):
        return MediaType.WEBM
    return MediaType.MATROSKA if head.startswith(b"\x88matroska", doctype + 2) else None


def _png_size(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR":
        raise UnreadablePicture("The PNG does not open with its header.")
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _png_is_whole(data: bytes) -> bool:
    return data.find(b"IEND\xae\x42\x60\x82") >= 0  # the last chunk is empty, so its checksum is always this


def _webp_size(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", data, 24)
        return 1 + low_width + (high_width << 16), 1 + low_height + (high_height << 16)
    if chunk == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise UnreadablePicture("The WebP's header is damaged.")


def _webp_is_whole(data: bytes) -> bool:
    (riff_bytes,) = struct.unpack_from("<I", data, 4)
    return len(data) >= 8 + int(riff_bytes)


_SIZE_OF: dict[MediaType, Callable[[bytes], tuple[int, int]]] = {
    MediaType.JPEG: jpeg.size,
    MediaType.PNG: _png_size,
    MediaType.WEBP: _webp_size,
}
_IS_WHOLE: dict[MediaType, Callable[[bytes], bool]] = {
    MediaType.JPEG: jpeg.is_whole,
    MediaType.PNG: _png_is_whole,
    MediaType.WEBP: _webp_is_whole,
}
