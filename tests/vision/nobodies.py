"""Pictures of nobody, (h, w, 3) uint8 RGB, each kind drawn from a seed: noise, surfaces, drawings, and faces undone."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from infra.demo.heads import render_head
from infra.demo.identity import Identity
from infra.demo.view import View

Picture = NDArray[np.uint8]
Rng = np.random.Generator
HEIGHT, WIDTH = 240, 320


def white_noise(rng: Rng) -> Picture:
    return rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def grey_noise(rng: Rng) -> Picture:
    return np.repeat(rng.integers(0, 256, (HEIGHT, WIDTH, 1), np.uint8), 3, axis=2)


def pink_noise(rng: Rng) -> Picture:
    """As strong at every scale, like clouds and photographs; each channel its own."""
    rows, columns = np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH)[None]
    strength = 1 / np.maximum(np.hypot(rows, columns), 1 / WIDTH)
    spectra = np.fft.rfft2(rng.normal(size=(3, HEIGHT, WIDTH))) * strength
    return _stretched(np.moveaxis(np.fft.irfft2(spectra, (HEIGHT, WIDTH)), 0, 2))


def block_noise(rng: Rng) -> Picture:
    """What is left of noise in a JPEG of the lowest quality."""
    data = cv2.imencode(".jpg", white_noise(rng), [cv2.IMWRITE_JPEG_QUALITY, 1])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def salt_and_pepper(rng: Rng) -> Picture:
    picture = np.full((HEIGHT, WIDTH, 3), rng.integers(60, 200), np.uint8)
    dots = rng.random((HEIGHT, WIDTH))
    picture[dots < 0.05], picture[dots > 0.95] = 0, 255
    return picture


def blank(rng: Rng) -> Picture:
    return np.full((HEIGHT, WIDTH, 3), rng.integers(0, 256, 3), np.uint8)


def gradient(rng: Rng) -> Picture:
    corners = rng.integers(0, 256, (2, 2, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(corners, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)


def checkerboard(rng: Rng) -> Picture:
    side = int(rng.integers(2, 60))
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] // side
    return rng.integers(0, 256, (2, 3), np.uint8)[(rows + columns) % 2]


def mosaic(rng: Rng) -> Picture:
    tiles = rng.integers(0, 256, (rng.integers(4, 40), rng.integers(4, 40), 3), np.uint8)
    return np.asarray(cv2.resize(tiles, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST), np.uint8)


def weave(rng: Rng) -> Picture:
    """Two waves across each other, as cloth and brick are."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    lengths, phases = rng.uniform(3, 40, (2, 3)), rng.uniform(0, 6, (2, 3))
    waves = np.sin(rows[..., None] / lengths[0] + phases[0]) * np.sin(
        columns[..., None] / lengths[1] + phases[1]
    )
    return _stretched(waves)


def text(rng: Rng) -> Picture:
    picture = blank(rng)
    for line in range(8):
        letters = "".join(chr(letter) for letter in rng.integers(33, 126, 18))
        place, colour = (4, 28 * (line + 1)), rng.integers(0, 256, 3).tolist()
        cv2.putText(picture, letters, place, int(rng.integers(8)), 0.9, colour, 2, cv2.LINE_AA)
    return picture


def smiley(rng: Rng) -> Picture:
    """Two eyes and a mouth in a disc."""
    picture, radius = blank(rng), int(rng.integers(40, 100))
    skin, ink = (255, int(rng.integers(150, 230)), int(rng.integers(0, 160))), (20, 20, 20)
    _disc(picture, (0, 0), (radius, radius), skin)
    for side in (-1, 1):
        _disc(picture, (side * radius * 0.35, -radius * 0.25), (radius * 0.1, radius * 0.16), ink)
    middle, mouth = (WIDTH // 2, HEIGHT // 2), (int(radius * 0.5), int(radius * 0.4))
    cv2.ellipse(picture, middle, mouth, 0, 20, 160, ink, max(radius // 16, 2), cv2.LINE_AA)
    return picture


def cartoon(rng: Rng) -> Picture:
    """A drawn head with hair, whites of the eyes, brows, nose and lips, shaded a little."""
    picture, radius = gradient(rng), int(rng.integers(60, 90))
    skin = np.array([225, 175, 145]) + rng.integers(-40, 20, 3)
    _disc(picture, (0, -radius * 0.3), (radius * 0.95, radius * 1.1), rng.integers(10, 120, 3))
    _disc(picture, (0, 0), (radius * 0.8, radius), skin)
    for x in (-radius * 0.34, radius * 0.34):
        _disc(picture, (x, -radius * 0.15), (radius * 0.17, radius * 0.09), (250, 250, 250))
        _disc(picture, (x, -radius * 0.15), (radius * 0.08, radius * 0.08), rng.integers(10, 100, 3))
        _disc(picture, (x, -radius * 0.35), (radius * 0.2, radius * 0.035), rng.integers(10, 80, 3))
    _disc(picture, (0, radius * 0.18), (radius * 0.09, radius * 0.16), skin - 30)
    _disc(picture, (0, radius * 0.52), (radius * 0.28, radius * 0.08), (170, 70, 70))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.2), np.uint8)


def animal(rng: Rng) -> Picture:
    """A furry head with ears and a muzzle."""
    picture, radius = gradient(rng), int(rng.integers(50, 80))
    fur = rng.integers(40, 210, 3)
    for x in (-radius * 0.7, radius * 0.7):
        _disc(picture, (x, -radius * 0.9), (radius * 0.35, radius * 0.55), fur * 0.8)
    _disc(picture, (0, 0), (radius, radius), fur)
    _disc(picture, (0, radius * 0.4), (radius * 0.45, radius * 0.4), fur * 1.4)
    _disc(picture, (0, radius * 0.2), (radius * 0.16, radius * 0.1), (20, 20, 20))
    for x in (-radius * 0.4, radius * 0.4):
        _disc(picture, (x, -radius * 0.25), (radius * 0.13, radius * 0.13), (15, 15, 15))
    return np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)


PICTURES: Mapping[str, Callable[[Rng], Picture]] = {
    draw.__name__: draw
    for draw in (
        *(white_noise, grey_noise, pink_noise, block_noise, salt_and_pepper, blank, gradient, checkerboard),
        *(mosaic, weave, text, smiley, cartoon, animal),
    )
}


def portrait(person: Identity, view: View) -> Picture:
    """Their head on grey."""
    tile = render_head(person, view, HEIGHT)
    alpha = tile[..., 3:] / 255
    return (tile[..., :3] * alpha + 128 * (1 - alpha)).astype(np.uint8)


def upside_down(face: Picture, _rng: Rng) -> Picture:
    return np.ascontiguousarray(face[::-1])


def shuffled(face: Picture, rng: Rng) -> Picture:
    """The picture's squares in another order, too small for one to hold two eyes."""
    side, count = 24, HEIGHT // 24
    squares = face.reshape(count, side, count, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
    return rng.permutation(squares).reshape(count, count, side, side, 3).swapaxes(1, 2).reshape(face.shape)


def halves_exchanged(face: Picture, _rng: Rng) -> Picture:
    """Chin above, hair below, each upright."""
    return np.roll(face, HEIGHT // 2, axis=0)


def negative(face: Picture, _rng: Rng) -> Picture:
    return 255 - face


def smeared(face: Picture, _rng: Rng) -> Picture:
    """A face out of a frosted pane: no feature is left."""
    return np.asarray(cv2.GaussianBlur(face, (0, 0), 14), np.uint8)


UNDONE: Mapping[str, Callable[[Picture, Rng], Picture]] = {
    undo.__name__: undo for undo in (upside_down, shuffled, halves_exchanged, negative, smeared)
}


def _stretched(values: NDArray[np.floating]) -> Picture:
    low, high = values.min(axis=(0, 1)), values.max(axis=(0, 1))
    return ((values - low) / (high - low) * 255).astype(np.uint8)


def _disc(
    picture: Picture,
    from_middle: tuple[float, float],
    radii: tuple[float, float],
    colour: NDArray[np.generic] | tuple[int, int, int],
) -> None:
    middle = (round(WIDTH / 2 + from_middle[0]), round(HEIGHT / 2 + from_middle[1]))
    axes = (max(round(radii[0]), 1), max(round(radii[1]), 1))
    cv2.ellipse(picture, middle, axes, 0, 0, 360, np.clip(colour, 0, 255).tolist(), -1, cv2.LINE_AA)
