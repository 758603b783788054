"""Magic bytes and headers: made here by hand, byte by byte."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import (
    EmptyBody,
    TooManyPixels,
    UnreadableMedia,
    UnreadablePicture,
    UnsupportedMediaType,
)
from chalicelib.domain.jpeg import MAX_SCANS
from chalicelib.domain.media import MediaType, PictureHeader, check_picture, picture_size, sniff


def segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(width: int, height: int, frame: int = 0xC0, before: bytes = b"", end: bytes = b"\xff\xd9") -> bytes:
    start_of_frame = segment(frame, struct.pack(">BHHB", 8, height, width, 3) + bytes(9))
    scan = segment(0xDA, bytes(10)) + b"entropy coded \xff\x00 data"
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0") + before + start_of_frame + scan + end


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"data") + chunk(b"IEND", b"")


def riff(form: bytes, body: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + form + body


def webp_chunk(name: bytes, body: bytes) -> bytes:
    return riff(b"WEBP", name + struct.pack("<I", len(body)) + body)


WEBPS = {
    "lossy": webp_chunk(b"VP8 ", b"\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", 640, 480) + bytes(8)),
    "lossless": webp_chunk(b"VP8L", b"\x2f" + struct.pack("<I", 639 | 479 << 14) + bytes(8)),
    "extended": webp_chunk(b"VP8X", bytes(4) + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")),
}

PICTURES = {"jpeg": jpeg(640, 480), "png": png(640, 480), **WEBPS}


def ftyp(brand: bytes) -> bytes:
    return struct.pack(">I", 16) + b"ftyp" + brand + bytes(4) + b"\0\0\0\x08mdat"


def matroska(doctype: bytes) -> bytes:
    body = b"\x42\x86\x81\x01\x42\x82" + bytes([0x80 | len(doctype)]) + doctype
    return b"\x1a\x45\xdf\xa3" + bytes([0x80 | len(body)]) + body


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (jpeg(1, 1), MediaType.JPEG),
        (png(1, 1), MediaType.PNG),
        *((webp, MediaType.WEBP) for webp in WEBPS.values()),
        (ftyp(b"isom"), MediaType.MP4),
        (ftyp(b"mp42"), MediaType.MP4),
        (ftyp(b"M4V "), MediaType.MP4),
        (ftyp(b"3gp5"), MediaType.MP4),
        (ftyp(b"qt  "), MediaType.QUICKTIME),
        (matroska(b"webm"), MediaType.WEBM),
        (matroska(b"matroska"), MediaType.MATROSKA),
        (riff(b"AVI ", b"LIST"), MediaType.AVI),
    ],
)
def test_the_type_is_told_by_the_bytes(data: bytes, media_type: MediaType) -> None:
    assert sniff(data) is media_type


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"BM\x00\x00",
        b"hello, I am a text",
        b"ffconcat version 1.0\nfile secret.avi\n",
        b"#EXTM3U\n#EXTINF:1,\nsecret.ts\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        riff(b"WAVE", b"fmt "),
        ftyp(b"heic"),
        ftyp(b"avif"),
        ftyp(b"M4A "),
        matroska(b"other"),
        b"\x1a\x45\xdf\xa3",
        b"\xff",
    ],
)
def test_what_is_not_read_is_refused_by_type(data: bytes) -> None:
    with pytest.raises(UnsupportedMediaType):
        sniff(data)


def test_no_bytes_are_an_empty_body() -> None:
    with pytest.raises(EmptyBody):
        sniff(b"")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_declares_its_size(name: str) -> None:
    assert picture_size(PICTURES[name]) == (640, 480)


def test_a_progressive_jpeg_with_a_thumbnail_and_padding_declares_its_own_size() -> None:
    thumbnail = segment(0xE1, b"Exif\0\0" + jpeg(160, 120))
    assert picture_size(jpeg(640, 480, frame=0xC2, before=thumbnail + b"\xff\xff")) == (640, 480)


def test_a_huffman_table_is_not_taken_for_a_size() -> None:
    assert picture_size(jpeg(640, 480, before=segment(0xC4, bytes(20)))) == (640, 480)


def test_a_checked_picture_tells_type_and_size() -> None:
    assert check_picture(PICTURES["png"]) == PictureHeader(MediaType.PNG, 640, 480)


@pytest.mark.parametrize("picture", [jpeg(20_000, 20_000), png(20_000, 20_000), png(2**31, 2**31)])
def test_too_many_pixels_are_refused_by_the_header(picture: bytes) -> None:
    with pytest.raises(TooManyPixels):
        check_picture(picture)


def test_the_pixel_limit_itself_is_allowed() -> None:
    assert check_picture(png(100, 100), max_pixels=10_000).pixels == 10_000
    with pytest.raises(TooManyPixels):
        check_picture(png(101, 100), max_pixels=10_000)


@pytest.mark.parametrize("picture", [jpeg(0, 480), jpeg(640, 0), png(0, 480)])
def test_a_size_of_nothing_is_unreadable(picture: bytes) -> None:
    with pytest.raises(UnreadablePicture):
        check_picture(picture)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_cut_off_anywhere_is_refused(name: str) -> None:
    whole = PICTURES[name]
    check_picture(whole)
    for length in range(1, len(whole)):
        with pytest.raises((UnreadablePicture, UnsupportedMediaType)):
            check_picture(whole[:length])


@pytest.mark.parametrize("name", PICTURES)
def test_trailing_bytes_do_not_matter(name: str) -> None:
    assert check_picture(PICTURES[name] + b"\0\0 a camera's own notes").width == 640


def test_the_end_marker_of_a_thumbnail_is_not_the_end_of_the_picture() -> None:
    thumbnail = segment(0xE1, b"Exif\0\0" + jpeg(160, 120))
    with pytest.raises(UnreadablePicture, match="cut off"):
        check_picture(jpeg(640, 480, before=thumbnail, end=b""))


SCAN = segment(0xDA, bytes(10))


def test_a_progressive_jpeg_has_a_few_scans() -> None:
    assert check_picture(jpeg(640, 480, end=(MAX_SCANS - 1) * SCAN + b"\xff\xd9")).width == 640


@pytest.mark.parametrize(
    "between",
    [
        b"",
        b"\xff\xff\xff",
        segment(0xFE, b"a remark"),
        segment(0xFE, b"an end \xff\xd9 that is none"),
        b"\xff\xd0 restarted, and \xff\x00 as data",
        b"\xff\x02\xff\xff",
        b"\xff\xfe\0\0",
    ],
    ids=["nothing", "padding", "remark", "end in a remark", "restart", "reserved", "length of nothing"],
)
def test_a_jpeg_of_more_scans_than_an_encoder_writes_is_refused(between: bytes) -> None:
    with pytest.raises(UnreadablePicture, match="more than 64 scans"):
        check_picture(jpeg(640, 480, end=MAX_SCANS * (between + SCAN) + b"\xff\xd9"))


def test_scans_in_what_trails_or_in_a_remark_do_not_count() -> None:
    assert check_picture(jpeg(640, 480) + 100 * SCAN).width == 640
    assert check_picture(jpeg(640, 480, end=segment(0xFE, 100 * SCAN) + b"\xff\xd9")).width == 640


def test_a_jpeg_of_endless_parts_before_its_size_is_refused() -> None:
    assert check_picture(jpeg(640, 480, before=900 * segment(0xFE, b""))).width == 640
    with pytest.raises(UnreadablePicture, match="too many parts"):
        check_picture(jpeg(640, 480, before=1_000 * segment(0xFE, b"")))


def test_a_video_is_no_picture() -> None:
    with pytest.raises(UnsupportedMediaType, match="video/mp4"):
        check_picture(ftyp(b"isom"))


def test_a_type_is_a_picture_or_a_video() -> None:
    assert all(media_type.is_picture != media_type.is_video for media_type in MediaType)


STARTS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\x1a\x45\xdf\xa3", *PICTURES.values()]


@given(start=st.sampled_from(STARTS), cut=st.integers(0, 64), rest=st.binary(max_size=256))
def test_whatever_the_bytes_only_refusals_are_raised(start: bytes, cut: int, rest: bytes) -> None:
    data = start[:cut] + rest
    try:
        header = check_picture(data)
    except (EmptyBody, UnsupportedMediaType, UnreadableMedia):
        return
    assert 0 < header.pixels <= 25_000_000
