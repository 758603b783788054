"""What looking a second time, brightened, finds in the dark."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from chalicelib.vision.decode import Picture, decode_picture
from chalicelib.vision.pack import Pack
from chalicelib.vision.pipeline import Pipeline
from training.degradations import SENSOR_NOISE
from training.features import main_face

GAINS = (0.4, 0.25, 0.15, 0.1, 0.06)
PHOTOS = 200


def brightening(pack: Pack, photos: Sequence[Path]) -> list[dict[str, Any]]:
    """For each gain: the mean luma, and in how many photos a face is found by one look, and with the second."""
    pipeline = Pipeline(pack)
    pictures = [decode_picture(photo.read_bytes()) for photo in photos[:PHOTOS]]
    rows = []
    for gain in GAINS:
        dimmed = [_dimmed(picture, gain) for picture in pictures]
        rows.append(
            {
                "gain": gain,
                "luma": round(float(np.mean([picture.mean() for picture in dimmed])), 1),
                "photos": len(dimmed),
                "found_once": sum(_finds(pipeline, each, brighten=False) for each in dimmed),
                "found": sum(_finds(pipeline, each, brighten=True) for each in dimmed),
            }
        )
    return rows


def _finds(pipeline: Pipeline, picture: Picture, *, brighten: bool) -> bool:
    return main_face(pipeline.look(picture, brighten=brighten).faces, picture) is not None


def _dimmed(picture: Picture, gain: float) -> Picture:
    """As a camera would send it: with a sensor's noise, as JPEG."""
    noise = np.random.default_rng(0).normal(0, SENSOR_NOISE, picture.shape)
    dark = np.clip(picture * gain + noise, 0, 255).astype(np.uint8)
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", dark)[1], cv2.IMREAD_COLOR), np.uint8)
