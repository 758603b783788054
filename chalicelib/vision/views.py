"""Which views of a person's upload are good enough to enrol from, and which of those to keep.

A view must show exactly one face, well; the views must show one person; the few that are kept should differ.
Each sample is counted once, under its gravest fault.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.errors import EmptyBody, UnreadableMedia, UnsupportedMediaType
from chalicelib.domain.media import sniff
from chalicelib.vision.decode import Picture, decode_picture
from chalicelib.vision.faces import Face
from chalicelib.vision.quality import measure, reasons
from chalicelib.vision.video import sample_video

MAX_KEPT = 5
LONGEST_SIDE_PX = 1280
"""Larger samples are scaled down first: who enrols is close to the camera, and detecting costs by the pixel."""
BACKGROUND_SIZE = 1 / 3
"""A face less than this wide, as part of the main face's width, is somebody passing far behind, or a picture on
the wall; it is not enrolled from, as only the main face is embedded. A larger one refuses the sample."""
SAME_VIEW_SIMILARITY = 0.999
"""A view that is closer than this to one that is kept (the same photo twice, a still clip) adds nothing."""

NO_FACE, SEVERAL_FACES = "no_face", "several_faces"
ODD_ONE_OUT, REDUNDANT, UNREADABLE = "odd_one_out", "redundant", "unreadable"

Rows = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class View:
    """One sample with the one face that it shows."""

    picture: Picture
    face: Face


class Samples:
    """The pictures of some uploads; counts what was sampled and could not be read, and tells which upload it is at.

    Iterating raises UnsupportedMediaType or UnreadableMedia at its end if no upload gave a single picture.
    """

    def __init__(self, uploads: Sequence[bytes]) -> None:
        self._uploads = uploads
        self.sampled = 0
        self.unreadable = 0
        self.upload = 0

    def __iter__(self) -> Iterator[Picture]:
        failure: UnreadableMedia | UnsupportedMediaType = UnreadableMedia("Nothing was uploaded.")
        for number, upload in enumerate(self._uploads):
            self.upload = number
            try:
                for picture in _pictures_of(upload):
                    self.sampled += 1
                    yield _scaled_down(picture)
            except EmptyBody:
                failure = UnreadableMedia("The upload is empty.")
            except (UnreadableMedia, UnsupportedMediaType) as error:
                failure = error
            else:
                continue
            self.unreadable += 1
        if not self.sampled:
            raise failure
        self.sampled += self.unreadable


def main_face(faces: Sequence[Face]) -> Face | str:
    """The one face that a sample shows, or why there is none: `no_face`, `several_faces`."""
    if not faces:
        return NO_FACE
    main, *others = sorted(faces, key=_width, reverse=True)
    if any(_width(other) >= BACKGROUND_SIZE * _width(main) for other in others):
        return SEVERAL_FACES
    return main


def good_view(picture: Picture, faces: Sequence[Face]) -> View | str:
    """The sample with its `faces` as a view to enrol from, or its gravest fault."""
    face = main_face(faces)
    if isinstance(face, str):
        return face
    faults = reasons(measure(picture, face))
    return faults[0].value if faults else View(picture, face)


def of_one_person(embeddings: Rows, least_similarity: float) -> NDArray[np.intp]:
    """The rows that show the person whom most show, the most typical first; the rest are odd ones out.

    Typical is the medoid: the row most similar to all. Rows below `least_similarity` to it are somebody else, or
    a bad view. If they are not a minority, nobody can tell whose upload it is, and no row is returned.
    """
    if not len(embeddings):
        return np.empty(0, np.intp)
    similarities = embeddings @ embeddings.T
    medoid = int(similarities.sum(axis=1).argmax())
    alike = np.nonzero(similarities[medoid] >= least_similarity)[0]
    if 2 * len(alike) <= len(embeddings):
        return np.empty(0, np.intp)
    return np.concatenate([[medoid], alike[alike != medoid]])


def diverse(embeddings: Rows, limit: int = MAX_KEPT) -> NDArray[np.intp]:
    """At most `limit` rows that differ: the first, then again and again the row farthest from those chosen."""
    if not len(embeddings):
        return np.empty(0, np.intp)
    chosen = [0]
    nearest = embeddings @ embeddings[0]
    while len(chosen) < min(limit, len(embeddings)):
        farthest = int(nearest.argmin())
        if nearest[farthest] > SAME_VIEW_SIMILARITY:
            break
        chosen.append(farthest)
        nearest = np.maximum(nearest, embeddings @ embeddings[farthest])
    return np.array(chosen, np.intp)


def _pictures_of(upload: bytes) -> Iterator[Picture]:
    if sniff(upload).is_video:
        yield from sample_video(upload)
    else:
        yield decode_picture(upload)


def _scaled_down(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    scale = LONGEST_SIDE_PX / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _width(face: Face) -> float:
    """The side of the square of the box's area: boxes of turned heads are narrow."""
    return float((face.box.width * face.box.height) ** 0.5)
