"""What a pack's nets see in photographs: one face a photo, its embedding and its quality.

Embeddings may be kept in a folder between runs, by picture and by net: thresholds can then be measured again and again
without looking again. They are biometrics: the folder is for public photographs, and is asked for, never a default.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.errors import Refused
from chalicelib.vision.decode import Picture, decode_picture
from chalicelib.vision.faces import Face
from chalicelib.vision.pack import Pack, load_pack, read_declaration
from chalicelib.vision.pipeline import Pipeline
from chalicelib.vision.quality import measure, reasons
from training.photos import WrongSets

Change = Callable[[Picture], Picture]
Say = Callable[[str], None]
_AT_ONCE = 50
_VERSION = "2"  # rises with any change of what is computed here
# What reading raises of a file that is not there, empty, or cut off, as after a loss of power.
_NOT_KEPT = (FileNotFoundError, EOFError, BadZipFile, ValueError, KeyError)


@dataclass(frozen=True, eq=False)
class Seen:
    """A photo's face. embedding, enrolling: (dimension,) float32 of unit norm, to be looked for and to be enrolled.

    Of a registration, `enrolling` is (views, dimension): all that were kept of one occasion.

    usable: good enough to enrol from. seconds: of looking for it.
    """

    embedding: NDArray[np.float32]
    enrolling: NDArray[np.float32]
    quality: float
    usable: bool
    seconds: float


def look_at(
    photos: Sequence[Path],
    pack: Pack,
    change: Change | None = None,
    cache: Path | None = None,
    say: Say = lambda _line: None,
) -> dict[Path, Seen | None]:
    """By photo; None where no face was found, or the photo cannot be read. `change` degrades the pictures first."""
    if change is not None or cache is None:
        return _looked_at(photos, pack, change, say)
    folder = cache / nets_id(pack)
    folder.mkdir(parents=True, exist_ok=True)
    files = {photo: folder / f"{hashlib.sha256(photo.read_bytes()).hexdigest()}.npz" for photo in photos}
    found: dict[Path, Seen | None] = {}
    for photo, file in files.items():
        with suppress(*_NOT_KEPT):
            found[photo] = _kept(file)
    missing = [photo for photo in files if photo not in found]
    for photo, seen in _looked_at(missing, pack, None, say).items():
        _keep(files[photo], seen)
        found[photo] = seen
    return {photo: found[photo] for photo in files}


def require_readable(photos: Iterable[Path]) -> None:
    """Raises WrongSets, and names the first one that is no picture: it could be shown to nobody."""
    for photo in photos:
        try:
            decode_picture(photo.read_bytes())
        except Refused as error:
            raise WrongSets(f"{photo}: {error}") from error


def nets_id(pack: Pack) -> str:
    """Changes with everything of a pack that an embedding depends on, and with nothing else."""
    declaration = read_declaration(pack.directory)
    parts = [declaration[name] for name in ("detector", "landmarks", "alignment", "embedder")]
    hashes = sorted(declared["sha256"] for declared in declaration["files"].values())
    return hashlib.sha256(repr((_VERSION, parts, hashes)).encode()).hexdigest()[:16]


def main_face(faces: Sequence[Face], picture: Picture) -> Face | None:
    """The face over the middle of the picture, the largest of several; else the largest of all."""
    height, width = picture.shape[:2]
    over_middle = (
        face
        for face in faces
        if face.box.left <= width / 2 <= face.box.left + face.box.width
        and face.box.top <= height / 2 <= face.box.top + face.box.height
    )
    return next(over_middle, faces[0] if faces else None)


def _looked_at(
    photos: Sequence[Path], pack: Pack, change: Change | None, say: Say
) -> dict[Path, Seen | None]:
    """In as many processes as there are cores, if there is more than a batch."""
    look_at_some = partial(_look_at_some, pack.directory, change)
    batches = [photos[start : start + _AT_ONCE] for start in range(0, len(photos), _AT_ONCE)]
    if len(batches) <= 1:
        return dict(zip(photos, look_at_some(photos), strict=True))
    found: dict[Path, Seen | None] = {}
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for batch, seen in zip(batches, pool.map(look_at_some, batches), strict=True):
            found |= dict(zip(batch, seen, strict=True))
            say(f"looked at {len(found)} of {len(photos)} photos")
    return found


_pipelines: dict[Path, Pipeline] = {}


def _look_at_some(directory: Path, change: Change | None, photos: Sequence[Path]) -> list[Seen | None]:
    if directory not in _pipelines:
        cv2.setNumThreads(1)
        _pipelines[directory] = Pipeline(load_pack(directory))
    return [_look_at_one(_pipelines[directory], photo.read_bytes(), change) for photo in photos]


def _look_at_one(pipeline: Pipeline, data: bytes, change: Change | None) -> Seen | None:
    started = time.perf_counter()
    try:
        picture = decode_picture(data)
    except Refused:
        return None
    if change is not None:
        picture = change(picture)
        started = time.perf_counter()
    look = pipeline.look(picture)
    face = main_face(look.faces, picture)
    if face is None:
        return None
    (embedding,) = pipeline.embed(look.picture, [face])
    seconds = time.perf_counter() - started
    (enrolling,) = pipeline.embed(look.picture, [face], to_enrol=True)
    quality = measure(picture, face)
    return Seen(embedding, enrolling, quality.score, not reasons(quality), seconds)


def _keep(file: Path, seen: Seen | None) -> None:
    partial_file = file.with_suffix(".part.npz")
    if seen is None:
        np.savez(partial_file)
    else:
        figures = np.array([seen.quality, seen.usable, seen.seconds])
        np.savez(partial_file, embedding=seen.embedding, enrolling=seen.enrolling, figures=figures)
    partial_file.replace(file)


def _kept(file: Path) -> Seen | None:
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
        if "embedding" not in kept:
            return None
        quality, usable, seconds = (float(figure) for figure in kept["figures"])
        return Seen(kept["embedding"], kept["enrolling"], quality, bool(usable), seconds)
