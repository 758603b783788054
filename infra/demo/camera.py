"""Backgrounds, pasting, and what a cheap camera makes of a scene."""

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Scene = NDArray[np.float32]
"""(height, width, 3) RGB, 0..255."""
_JPEG_QUALITY = 92


def background(rng: np.random.Generator, width: int, height: int) -> Scene:
    """(height, width, 3): a few soft colours."""
    coarse = rng.uniform(60, 190, (4, 6, 3)).astype(np.float32)
    coarse += 0.6 * (coarse.mean(axis=2, keepdims=True) - coarse)  # a room's colours, not a rainbow's
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def paste(
    scene: Scene,
    tile: Picture,
    scale: float,
    at: tuple[float, float],
    anchor: tuple[float, float],
) -> None:
    """Lay a (h, w, 4) RGBA tile over the scene, its point `anchor` at the scene's point `at`."""
    height, width = scene.shape[:2]
    shift = np.array(
        ((scale, 0, at[0] - scale * anchor[0]), (0, scale, at[1] - scale * anchor[1])), np.float32
    )
    left, top = max(int(shift[0, 2]), 0), max(int(shift[1, 2]), 0)
    right = min(int(shift[0, 2] + scale * tile.shape[1]) + 2, width)
    bottom = min(int(shift[1, 2] + scale * tile.shape[0]) + 2, height)
    shift[:, 2] -= (left, top)
    if scale < 0.9:
        tile = np.asarray(cv2.GaussianBlur(tile, (0, 0), 0.45 / scale), np.uint8)  # or it would alias
    warped = cv2.warpAffine(tile, shift, (right - left, bottom - top)).astype(np.float32)
    alpha = warped[..., 3:] / 255
    part = scene[top:bottom, left:right]
    part += (warped[..., :3] - part) * alpha


def photograph(rng: np.random.Generator, scene: Scene) -> Picture:
    """What a cheap camera makes of it: gain, blur and noise."""
    gain, blur, deviation = rng.uniform((0.92, 0.3, 2.0), (1.06, 0.7, 4.0))
    seen = cv2.GaussianBlur(scene, (0, 0), float(blur)) * np.float32(gain)
    seen = seen + rng.standard_normal(scene.shape, dtype=np.float32) * np.float32(deviation)
    return np.asarray(np.clip(seen, 0, 255), np.uint8)


def jpeg_of(picture: Picture) -> bytes:
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    encoded, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not encoded:
        raise RuntimeError("The picture could not be encoded.")
    return bytes(data.tobytes())
