"""Uploads made to hurt: refused for what they are, quickly, in little memory, without opening anything else.

The worst run in a child process whose address space is limited to a Lambda's memory. That counts memory which is
only reserved (libraries, thread stacks), so the child has less than the Lambda: a bomb that passes here fits there.
"""

import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterable
from itertools import repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import EmptyBody, UnreadableMedia, UnreadableVideo, UnsupportedMediaType
from chalicelib.domain.jpeg import MAX_SCANS
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.video import sample_video

LAMBDA_MEMORY_BYTES = 2048 * 1024 * 1024
QUICK_SECONDS = 0.5
ROOT = Path(__file__).parents[2]

CHILD = f"""
import json, os, pathlib, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, ({LAMBDA_MEMORY_BYTES},) * 2)
from chalicelib.vision.decode import decode_picture
from chalicelib.vision.video import sample_video
data = pathlib.Path(sys.argv[1]).read_bytes()
started = time.perf_counter()
try:
    pictures = eval(sys.argv[2])
    told = [[list(picture.shape), float(picture.mean())] for picture in pictures]
except Exception as error:
    told = type(error).__name__
print(json.dumps([told, time.perf_counter() - started]))
"""


def in_a_small_child(path: Path, expression: str) -> tuple[Any, float, str]:
    """What `expression` gives of the file's `data`, or its error's name; the seconds it took; its stderr."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), expression],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    told, seconds = json.loads(child.stdout)
    return told, seconds, child.stderr


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width: int, height: int, lines: Iterable[bytes], interlaced: bool = False) -> bytes:
    """A PNG of black and white whose data are `lines`, each a filter and its pixels, whatever its header says."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(line) for line in lines) + packer.flush()
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def png_of_nothing(width: int, height: int) -> bytes:
    """A black PNG of any size in few bytes."""
    return png_of(width, height, repeat(bytes(1 + (width + 7) // 8), height))


def secret_clip(path: Path) -> Path:
    """A clip of bright frames, which nobody uploaded."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(10):
        writer.write(np.full((48, 64, 3), 200, np.uint8))
    writer.release()
    return path


def jpeg_of_nothing(side: int) -> bytes:
    """A black square JPEG."""
    found, data = cv2.imencode(".jpg", np.zeros((side, side), np.uint8))
    assert found
    return data.tobytes()


def jpeg_of_scans(side: int, count: int) -> bytes:
    """A black square progressive JPEG with `count` scans more, each ten bytes that tell nothing new."""
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    found, encoded = cv2.imencode(".jpg", np.zeros((side, side, 3), np.uint8), options)
    assert found
    data = encoded.tobytes()
    return data[:-2] + count * b"\xff\xda\0\x08\x01\x01\0\x01\x3f\x10" + data[-2:]


def riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def avi_of(frames: list[bytes], claimed_side: int) -> bytes:
    """An AVI of JPEG frames whose header claims that they are squares of `claimed_side`."""
    side, count = claimed_side, len(frames)
    main = struct.pack("<14I", 100_000, 0, 0, 0x10, count, 0, 1, 0, side, side, 0, 0, 0, 0)
    stream = struct.pack("<IHHIIIIIIII4H", 0, 0, 0, 0, 1, 10, 0, count, 0, 0, 0, 0, 0, side, side)
    bitmap = struct.pack("<IiiHH4sIiiII", 40, side, side, 1, 24, b"MJPG", side * side * 3, 0, 0, 0, 0)
    streams = b"strl" + riff_chunk(b"strh", b"vidsMJPG" + stream) + riff_chunk(b"strf", bitmap)
    headers = b"hdrl" + riff_chunk(b"avih", main) + riff_chunk(b"LIST", streams)
    movie = b"movi" + b"".join(riff_chunk(b"00dc", frame) for frame in frames)
    return riff_chunk(b"RIFF", b"AVI " + riff_chunk(b"LIST", headers) + riff_chunk(b"LIST", movie))


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bomb") / "bomb.png"
    path.write_bytes(png_of_nothing(20_000, 20_000))
    assert path.stat().st_size < 1_000_000
    return path


def test_a_small_file_of_huge_pixels_is_refused_at_once(bomb: Path) -> None:
    told, seconds, _ = in_a_small_child(bomb, "[decode_picture(data)]")
    assert told == "TooManyPixels"
    assert seconds < QUICK_SECONDS


def test_the_decoder_has_a_limit_of_its_own_behind_the_header_check(bomb: Path) -> None:
    told, seconds, _ = in_a_small_child(bomb, "[decode_picture(data, max_pixels=10**12)]")
    assert told == "UnreadablePicture"
    assert seconds < QUICK_SECONDS


def test_the_largest_picture_that_is_admitted_fits_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "largest.png"
    path.write_bytes(png_of_nothing(5_000, 5_000))
    told, _, _ = in_a_small_child(path, "[decode_picture(data)]")
    assert told == [[[5_000, 5_000, 3], 0.0]]


def test_a_jpeg_of_endless_scans_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "scans.jpg"
    path.write_bytes(jpeg_of_scans(5_000, 1_000_000))
    told, seconds, _ = in_a_small_child(path, "[decode_picture(data)]")
    assert told == "UnreadablePicture"
    assert seconds < QUICK_SECONDS


def test_a_jpeg_of_as_many_scans_as_are_read_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "scans.jpg"
    path.write_bytes(jpeg_of_scans(640, MAX_SCANS - 10))  # beside the ten of libjpeg's own script
    told, _, _ = in_a_small_child(path, "[decode_picture(data)]")
    assert told == [[[640, 640, 3], 0.0]]


@pytest.mark.parametrize("side", [64, 5_000])
def test_a_png_that_inflates_to_far_more_than_its_pixels_is_refused_at_once(
    side: int, tmp_path: Path
) -> None:
    path = tmp_path / "inflated.png"
    path.write_bytes(png_of(side, side, repeat(bytes(1 << 20), 2_000)))
    assert path.stat().st_size < 3_000_000
    told, seconds, _ = in_a_small_child(path, "[decode_picture(data)]")
    assert told == "UnreadablePicture"
    assert seconds < QUICK_SECONDS


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 5), (64, 48), (1, 700), (700, 1)])
def test_an_interlaced_png_holds_no_more_than_its_pixels(width: int, height: int) -> None:
    passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    lines = [
        bytes(1 + (len(range(left, width, across)) + 7) // 8)
        for left, top, across, down in passes
        for _ in range(top, height, down)
        if left < width
    ]
    assert decode_picture(png_of(width, height, lines, interlaced=True)).shape == (height, width, 3)


@pytest.mark.parametrize(
    "playlist",
    [
        "ffconcat version 1.0\nfile {secret}\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        "{secret}\n",
    ],
    ids=["ffconcat", "hls", "path"],
)
def test_a_text_named_mp4_opens_no_other_file(playlist: str, tmp_path: Path) -> None:
    trap = tmp_path / "trap.mp4"
    trap.write_text(playlist.format(secret=secret_clip(tmp_path / "secret.avi").name))
    with pytest.raises(UnsupportedMediaType):
        sample_video(trap.read_bytes())


def test_ffmpeg_itself_refuses_a_playlist_behind_the_check_of_its_first_bytes(tmp_path: Path) -> None:
    secret_clip(tmp_path / "secret.avi")
    trap = tmp_path / "trap.mp4"
    trap.write_text("ffconcat version 1.0\nfile secret.avi\n")
    opened = "[__import__('cv2').VideoCapture(sys.argv[1], __import__('cv2').CAP_FFMPEG).read()[1]]"
    told, _, stderr = in_a_small_child(trap, opened)
    assert told == "AttributeError"  # no picture came
    assert stderr == ""
    secret, _, _ = in_a_small_child(tmp_path / "secret.avi", opened)
    assert secret == [[[48, 64, 3], pytest.approx(200, abs=3)]]  # while the same line reads a clip


def test_a_movie_that_refers_to_another_file_gives_none_of_its_frames(tmp_path: Path) -> None:
    """A QuickTime movie's data reference (`dref`) may name a path; here an MP4 is made to name the secret."""
    secret = secret_clip(tmp_path / "secret.avi")
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for _ in range(10):
        writer.write(np.full((48, 64, 3), 16, np.uint8))
    writer.release()
    data = bytearray(path.read_bytes())
    reference = data.index(b"url \0\0\0\x01")
    data[reference : reference + 8] = b"alis\0\0\0\0"
    (path.with_name("trap.mov")).write_bytes(data)
    told, _, stderr = in_a_small_child(path.with_name("trap.mov"), "sample_video(data)")
    assert secret.exists()
    assert told == "UnreadableVideo" or all(mean < 30 for _, mean in told)
    assert stderr == ""


@pytest.mark.parametrize("codec", ["mp4v", "MJPG"])
def test_damaged_clips_say_nothing_on_stderr(codec: str, tmp_path: Path) -> None:
    path = tmp_path / ("clip.mp4" if codec == "mp4v" else "clip.avi")
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), 10, (64, 48))
    noise = np.random.default_rng(1)
    for _ in range(20):
        writer.write(noise.integers(0, 256, (48, 64, 3), np.uint8))
    writer.release()
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 4, len(data) * 3 // 4, 97):
        data[at] ^= 0xFF
    path.write_bytes(data)
    _, _, stderr = in_a_small_child(path, "sample_video(data)")
    assert stderr == ""


@pytest.mark.parametrize("claimed", [64, 16_000])
def test_a_video_of_huge_frames_is_refused_whatever_it_claims(claimed: int, tmp_path: Path) -> None:
    path = tmp_path / "huge.avi"
    path.write_bytes(avi_of([jpeg_of_nothing(16_000)] * 2, claimed))
    told, seconds, _ = in_a_small_child(path, "sample_video(data)")
    assert told == "TooManyPixels"
    assert seconds < QUICK_SECONDS


def test_a_video_whose_frames_grow_is_read_at_the_size_it_opened_with(tmp_path: Path) -> None:
    path = tmp_path / "grows.avi"
    path.write_bytes(avi_of([jpeg_of_nothing(64), jpeg_of_nothing(16_000)], 64))
    told, _, _ = in_a_small_child(path, "sample_video(data, every_seconds=0.01)")
    assert [shape for shape, _ in told] == [[64, 64, 3]] * 2


@pytest.mark.parametrize(
    "read", [decode_picture, lambda data: list(sample_video(data))], ids=["picture", "video"]
)
def test_gif_empty_and_text_are_refused(read: Any) -> None:
    with pytest.raises(EmptyBody):
        read(b"")
    for data in (b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(30), b"a text", b"%PDF-1.7", b"\0" * 100):
        with pytest.raises(UnsupportedMediaType):
            read(data)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=512))
def test_random_bytes_are_refused(data: bytes) -> None:
    for read in (decode_picture, lambda data: list(sample_video(data))):
        with pytest.raises((EmptyBody, UnsupportedMediaType, UnreadableMedia)):
            read(data)


VIDEO_STARTS = [
    b"\0\0\0\x1cftypisom\0\0\x02\0isomiso2mp41",
    b"\0\0\0\x14ftypqt  \0\0\x02\0qt  ",
    b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
    b"RIFF\xff\xff\0\0AVI LIST",
]


@settings(max_examples=60, deadline=None)
@given(start=st.sampled_from(VIDEO_STARTS), rest=st.binary(max_size=512))
def test_a_video_s_first_bytes_before_random_ones_are_unreadable(start: bytes, rest: bytes) -> None:
    with pytest.raises(UnreadableVideo):
        list(sample_video(start + rest))
