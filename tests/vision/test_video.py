"""Clips written here by OpenCV: frame i is a grey of brightness 8 i, with a red top left corner."""

import struct
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from chalicelib.domain.errors import EmptyBody, TooManyPixels, UnreadableVideo, UnsupportedMediaType
from chalicelib.vision import video
from chalicelib.vision.video import sample_video

WIDTH, HEIGHT = 160, 120
KINDS = {"mp4": "mp4v", "mov": "mp4v", "avi": "MJPG", "mkv": "MJPG"}


def clip(folder: Path, kind: str = "mp4", frames: int = 30, fps: float = 10) -> bytes:
    path = folder / f"clip.{kind}"
    writer = cv2.VideoWriter(
        str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*KINDS[kind]), fps, (WIDTH, HEIGHT)
    )
    assert writer.isOpened()
    for number in range(frames):
        frame = np.full((HEIGHT, WIDTH, 3), 8 * number % 256, np.uint8)
        frame[:24, :24] = (0, 0, 255)  # OpenCV writes BGR
        writer.write(frame)
    writer.release()
    return path.read_bytes()


def brightness(pictures: Iterator[np.ndarray]) -> list[int]:
    """Each picture's number, as its grey tells it."""
    return [round(float(picture[60:, 60:].mean()) / 8) for picture in pictures]


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_is_sampled_by_time(kind: str, tmp_path: Path) -> None:
    data = clip(tmp_path, kind)
    assert brightness(sample_video(data, every_seconds=0.5)) == [0, 5, 10, 15, 20, 25]


def test_a_sample_is_rgb(tmp_path: Path) -> None:
    picture = next(iter(sample_video(clip(tmp_path))))
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.uint8
    assert picture[8, 8, 0] > 180 > 60 > picture[8, 8, 2]


def test_the_frame_rate_does_not_change_how_many_samples_there_are(tmp_path: Path) -> None:
    slow = len(list(sample_video(clip(tmp_path, fps=5, frames=15))))
    fast = len(list(sample_video(clip(tmp_path, fps=30, frames=90))))
    assert slow == fast == 6


def test_samples_and_seconds_are_capped(tmp_path: Path) -> None:
    data = clip(tmp_path)
    assert brightness(sample_video(data, max_samples=3)) == [0, 5, 10]
    assert brightness(sample_video(data, max_seconds=1.2)) == [0, 5, 10]


@pytest.mark.parametrize("claimed_fps", [0.01, 5_000])
def test_an_absurd_frame_rate_is_not_believed(claimed_fps: float, tmp_path: Path) -> None:
    """An AVI has no time stamps, only this rate; a frame then lasts a thirtieth of a second."""
    data = bytearray(clip(tmp_path, "avi"))
    stream = data.index(b"strh") + 8
    struct.pack_into("<II", data, stream + 20, 1_000, int(claimed_fps * 1_000))
    assert brightness(sample_video(bytes(data))) == [0, 15]


def test_frames_are_counted_not_believed_and_capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "MAX_DECODED_FRAMES", 12)
    assert brightness(sample_video(clip(tmp_path))) == [0, 5, 10]


def test_a_clip_cut_off_is_used_as_far_as_it_decodes(tmp_path: Path) -> None:
    data = clip(tmp_path, "avi")  # its header still claims thirty frames
    assert brightness(sample_video(data[: len(data) // 2])) == [0, 5]


def test_a_clip_held_sideways_stands_upright(tmp_path: Path) -> None:
    data = bytearray(clip(tmp_path))
    track = data.index(b"tkhd")
    struct.pack_into(">9i", data, track + 44, 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)  # a quarter turn
    picture = next(iter(sample_video(bytes(data))))
    assert picture.shape == (WIDTH, HEIGHT, 3)
    assert picture[8, -8, 0] > 180 > 60 > picture[8, -8, 2]


def test_too_many_pixels_a_frame_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TooManyPixels):
        list(sample_video(clip(tmp_path), max_pixels=WIDTH * HEIGHT - 1))


def test_nothing_stays_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = clip(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    list(sample_video(data))
    half_read = sample_video(data)
    next(half_read)
    assert list(scratch.iterdir())
    half_read.close()
    with pytest.raises(UnreadableVideo):
        list(sample_video(data[: len(data) // 2]))
    assert not list(scratch.iterdir())


def test_a_clip_without_a_frame_is_unreadable(tmp_path: Path) -> None:
    data = clip(tmp_path, "avi")
    movie = data.index(b"movi")
    with pytest.raises(UnreadableVideo):
        list(sample_video(data[: movie + 4]))


def test_what_is_no_video_is_refused_at_once() -> None:
    with pytest.raises(EmptyBody):
        sample_video(b"")
    with pytest.raises(UnsupportedMediaType, match="image/jpeg"):
        sample_video(b"\xff\xd8\xff\xe0 a picture")
