"""What mutation starts from: small pictures, clips and declarations, all made here; and the words of each format."""

import base64
import gzip
import hashlib
import json
import struct
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from infra.demo.heads import render_head
from infra.demo.identities import shown
from infra.demo.view import View
from layers.packs import pypi
from tests.support.artefacts import files, packed, with_projection
from tests.support.key_server import claims, ec_key, published, rsa_key, signed

Pixels = NDArray[np.generic]

PACK_ID = "fake-1"
"""Of the pack that artefacts are made for."""
NETS = {output.name: output.name.encode() for output in pypi.RECIPE.outputs}
"""The files of a pack whose declaration is read: loading verifies them and opens none."""

PICTURE_WORDS = (
    *(b"\xff" + bytes([marker]) for marker in range(0xC0, 0x100)),
    *(b"\x89PNG\r\n\x1a\n", b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"iCCP", b"zTXt", b"eXIf", b"gAMA"),
    *(
        b"acTL",
        b"fcTL",
        b"fdAT",
        b"RIFF",
        b"WEBP",
        b"VP8 ",
        b"VP8L",
        b"VP8X",
        b"ANIM",
        b"ANMF",
        b"ALPH",
        b"EXIF",
    ),
    *(b"Exif\0\0", b"II*\0", b"MM\0*", b"\x01\x12\0\x03", b"\x12\x01\x03\0", b"JFIF\0", b"Adobe\0"),
    *(b"\x9d\x01\x2a", b"\x2f", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"ftypisom", b"AVI "),
)
TOKEN_WORDS = (
    *(b"eyJ", b".", b"==", b"-_", b"e30", b"bnVsbA"),
    *(
        base64.urlsafe_b64encode(word)
        for word in (b'{"alg":"RS256","kid":"r"}', b'{"alg":"none"}', b"[[[[[[")
    ),
)
ARTEFACT_WORDS = (
    *(b"ustar\x0000", b"ustar  \0", b"./", b"../", b"size=", b"path=", b"GNU.sparse.size=", b"null", b"NaN"),
    *(b"model.json", b"report.json", b"manifest.json", b"projection.onnx", b"det.svg", b"reliability.svg"),
    *(
        b"00000000000",
        b"77777777777",
        b"-0000000001",
        b"\x80\0\0\0\xff\xff\xff\xff",
        b"1e999",
        b'"format": 1',
    ),
)
VIDEO_WORDS = (
    *(
        b"ftypisom",
        b"ftypqt  ",
        b"moov",
        b"mvhd",
        b"trak",
        b"tkhd",
        b"mdia",
        b"mdhd",
        b"hdlr",
        b"vide",
        b"minf",
    ),
    *(
        b"stbl",
        b"stsd",
        b"stts",
        b"ctts",
        b"stss",
        b"stsc",
        b"stsz",
        b"stco",
        b"co64",
        b"edts",
        b"elst",
        b"dref",
    ),
    *(
        b"mp4v",
        b"avc1",
        b"hvc1",
        b"vp09",
        b"av01",
        b"mjpa",
        b"png ",
        b"raw ",
        b"moof",
        b"traf",
        b"trun",
        b"cmov",
    ),
    *(
        b"RIFF",
        b"AVI ",
        b"LIST",
        b"hdrl",
        b"avih",
        b"strl",
        b"strh",
        b"strf",
        b"movi",
        b"idx1",
        b"00dc",
        b"MJPG",
    ),
    *(
        b"\x1a\x45\xdf\xa3",
        b"\x42\x82\x84webm",
        b"\x18\x53\x80\x67",
        b"\x16\x54\xae\x6b",
        b"V_VP8",
        b"V_UNCOMPRESSED",
    ),
    *(
        b"ffconcat version 1.0\n",
        b"#EXTM3U\n",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\x7f\xff\xff\xff",
        b"\x80\0\0\0",
    ),
)


def headers() -> Iterator[bytes]:
    """Whole pictures, and each cut off soon after its type."""
    for picture in pictures():
        yield picture
        yield picture[:20]
    yield b"\0\0\0\x18ftypisom"  # a video, which is no picture


def pictures() -> Iterator[bytes]:
    head = _head(96)
    kinds: list[Pixels] = [head[..., :3], head, head[..., 0], head[..., :3].astype(np.uint16) * 257]
    for kind in kinds:
        yield _encoded(".png", kind)
    quality, progressive, restarts = cv2.IMWRITE_JPEG_QUALITY, cv2.IMWRITE_JPEG_PROGRESSIVE, 4
    for options in ([quality, 60], [quality, 60, progressive, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, restarts]):
        jpeg = _encoded(".jpg", head[..., :3], *options)
        yield jpeg
        yield _turned(jpeg, 6)
        yield jpeg[: len(jpeg) // 2] + jpeg[-2:]
    yield jpeg[:2] + 1_000 * b"\xff\xfe\0\2" + jpeg[2:]  # one part too many
    yield jpeg[:-2] + 64 * b"\xff\xda\0\x08\x01\x01\0\x01\x3f\x10" + jpeg[-2:]  # and one scan
    yield _encoded(".jpg", head[..., 0])
    for pixels, strength in product((head[..., :3], head), (50, 101)):  # 101 is lossless
        yield _encoded(".webp", pixels, cv2.IMWRITE_WEBP_QUALITY, strength)
    moving = cv2.Animation()
    moving.frames, moving.durations = [head, head[::-1].copy()], [100, 100]
    for extension in (".png", ".webp"):
        yield bytes(cv2.imencodeanimation(extension, moving)[1])


def clips() -> Iterator[bytes]:
    kinds = [("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.mov", "mp4v"), ("a.mkv", "mp4v"), ("a.webm", "VP80")]
    for name, codec in kinds:
        data = _clip(name, codec, 48, 32)
        yield data
        yield data[: len(data) * 3 // 4]
    yield _clip("a.avi", "MJPG", 320, 240)  # more pixels than the target asks for


def declarations() -> Iterator[bytes]:
    files = {name: {"sha256": hashlib.sha256(content).hexdigest()} for name, content in NETS.items()}
    yield json.dumps({**pypi.RECIPE.declaration(), "files": files}).encode()


def declaration_words() -> tuple[bytes, ...]:
    """Every key and text of a declaration, and the values that a parser may stumble on."""
    (text,) = declarations()
    words = {f'"{word}"' for word in text.decode().split('"')[1::2]}
    odd = [
        "NaN",
        "Infinity",
        "-1",
        "1e999",
        "0",
        "null",
        "true",
        "[]",
        "{}",
        '""',
        '".."',
        r'"\u0000"',
        r'"\ud800"',
    ]
    return tuple(word.encode() for word in [*sorted(words), *odd])


def dictionary(words: tuple[bytes, ...]) -> str:
    """As libFuzzer reads it."""
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in words)


def _head(side: int) -> NDArray[np.uint8]:
    """(side, side, 4) uint8 BGRA: somebody drawn, whom the detector finds."""
    tile = render_head(shown()[0], View(), side)
    return np.ascontiguousarray(tile[..., [2, 1, 0, 3]])


def _encoded(extension: str, pixels: Pixels, *options: int) -> bytes:
    found, data = cv2.imencode(extension, pixels, options)
    assert found
    return bytes(data)


def _clip(name: str, codec: str, width: int, height: int) -> bytes:
    """Two seconds of four frames."""
    with TemporaryDirectory(prefix="seeds-") as folder:
        path = Path(folder, name)
        writer = cv2.VideoWriter(
            str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 2, (width, height)
        )
        for level in range(0, 240, 60):
            writer.write(np.full((height, width, 3), level, np.uint8))
        writer.release()
        return path.read_bytes()


def _turned(jpeg: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF segment that says so."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    body = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def artefacts() -> Iterator[bytes]:
    """What training jobs leave, as tars: with a projection and without, and with what tar adds of itself."""
    content = files(PACK_ID)
    for each in (content, with_projection(content), content | {"report.json": b"[" * 5000}):
        yield gzip.decompress(packed(each))
    yield gzip.decompress(packed({f"./{name}": data for name, data in content.items()}))


def tokens() -> Iterator[bytes]:
    """Whole ID tokens, of keys that nobody publishes."""
    for algorithm, key, name in (("RS256", rsa_key("seed"), "r"), ("ES256", ec_key("seed"), "e")):
        for header in ({}, {"typ": "at+jwt"}, {"crit": ["exp"]}, {"jwk": published(key, name)}, {"kid": "x"}):
            yield signed(claims(0), key, name, algorithm, **header).encode()
