"""Chooses identities that the real embedder tells apart: farthest-point search over random candidates."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infra.demo.identity import Identity, draw_identity
from infra.demo.pipeline import Embeddings, Pipeline, face_at
from infra.demo.scenes import classroom_frame, registration_photos

REGISTRATION_VIEWS = 4
CLASSROOM_VIEWS = 6
OCCASIONS_CHECKED, FRAMES_CHECKED = 8, 20
NAMES = (
    "Alex Alder",
    "Robin Berg",
    "Sam Castell",
    "Kim Dahl",
    "Noa Ekman",
    "Sasha Falk",
    "Toni Grant",
    "Jude Holm",
    "Mika Irving",
    "Remy Jansen",
    "Luca Keller",
    "Charlie Lind",
    "Quinn Moreau",
    "Rowan Nolan",
    "Jamie Osborn",
    "Morgan Palmer",
    "Eden Quist",
    "Ari Rossi",
    "Sky Sundin",
    "Nikola Tanner",
    "Dana Ulrich",
    "Yuri Varga",
    "Andy Winter",
    "Jo Young",
    "Max Zeller",
    "Lou Brandt",
    "Riley Conway",
    "Ellis Devlin",
)
_STEADIEST = 0.6
"""The part of the candidates that is searched: those whose own views are most alike."""


@dataclass(frozen=True, eq=False)
class _Candidate:
    """template: (dimension,) unit norm; views: (CLASSROOM_VIEWS, dimension) unit norm."""

    identity: Identity
    template: Embeddings
    views: Embeddings

    @property
    def steadiness(self) -> float:
        """Cosine of the least alike view to the template."""
        return float((self.views @ self.template).min())


def search(pack: Path, seed: int, candidates: int, wanted: int) -> tuple[list[Identity], str]:
    """`wanted` identities, the farthest apart first, and a report. Each is found dependably."""
    pipeline = Pipeline(pack)
    found = sorted(_seen(pipeline, seed, candidates), key=lambda each: -each.steadiness)
    steady = found[: int(len(found) * _STEADIEST)]
    if len(steady) < wanted:
        raise SystemExit(f"Only {len(steady)} candidates are steady enough: draw more.")
    alike = _alike(steady)
    chosen = _farthest(alike, wanted, lambda index: _always_found(pipeline, steady[index].identity, seed))
    among = alike[np.ix_(chosen, chosen)]
    report = (
        f"{candidates} candidates, {len(found)} found in every view, {len(steady)} searched, {wanted} chosen; "
        f"nearest two: {among.max():.4f}; least like oneself: {min(steady[i].steadiness for i in chosen):.4f}"
    )
    return [replace(steady[i].identity, name=NAMES[n]) for n, i in enumerate(chosen)], report


def _seen(pipeline: Pipeline, seed: int, count: int) -> Iterator[_Candidate]:
    rng = np.random.default_rng(seed)
    for number in range(count):
        if number % 25 == 0:
            print(f"candidate {number} of {count}", file=sys.stderr)
        identity = draw_identity(f"candidate {number}", rng)
        candidate = _look_at(pipeline, identity, seed)
        if candidate is not None:
            yield candidate


def _look_at(pipeline: Pipeline, identity: Identity, seed: int) -> _Candidate | None:
    """None if a view has no face, or a registration's is not good enough to enrol from."""
    views = []
    for number in range(CLASSROOM_VIEWS):
        frame = classroom_frame([identity], 1000 * seed + number, 320, 300)
        face = face_at(frame.placed[0], pipeline.faces(frame.jpeg))
        if face is None:
            return None
        views.append(face.embedding)
    enrolled = []
    for jpeg in registration_photos(identity, seed, REGISTRATION_VIEWS):
        faces = pipeline.faces(jpeg)
        if len(faces) != 1 or not faces[0].usable:
            return None
        enrolled.append(faces[0].embedding)
    template = np.mean(enrolled, axis=0)
    return _Candidate(identity, np.asarray(template / np.linalg.norm(template)), np.stack(views))


def _alike(candidates: list[_Candidate]) -> NDArray[np.floating]:
    """(n, n): how alike two candidates get: the nearest view of either to the template of the other."""
    templates = np.stack([candidate.template for candidate in candidates])
    views = np.stack([candidate.views for candidate in candidates])
    nearest = np.einsum("id,jvd->ijv", templates, views).max(axis=2)
    alike = np.maximum(nearest, nearest.T)
    np.fill_diagonal(alike, -1)
    return np.asarray(alike)


def _farthest(alike: NDArray[np.floating], wanted: int, dependable: Callable[[int], bool]) -> list[int]:
    """Indices, each the dependable one least like those before it; the first is the one least like everybody."""
    likeness = alike.mean(axis=1)
    chosen: list[int] = []
    while len(chosen) < wanted:
        best = int(likeness.argmin())
        if np.isinf(likeness[best]):
            raise SystemExit(f"Only {len(chosen)} candidates are found dependably: draw more.")
        if dependable(best):
            chosen.append(best)
            likeness = np.where(np.isinf(likeness), np.inf, alike[:, chosen].max(axis=1))
        likeness[best] = np.inf
    return chosen


def _always_found(pipeline: Pipeline, identity: Identity, seed: int) -> bool:
    """Whether many more registrations' views are all good enough to enrol from, and all but one frame's is found."""
    for occasion in range(OCCASIONS_CHECKED):
        for jpeg in registration_photos(identity, 1000 * seed + occasion, REGISTRATION_VIEWS):
            faces = pipeline.faces(jpeg)
            if len(faces) != 1 or not faces[0].usable:
                return False
    frames = (classroom_frame([identity], 2000 * seed + number, 320, 300) for number in range(FRAMES_CHECKED))
    missed = sum(face_at(frame.placed[0], pipeline.faces(frame.jpeg)) is None for frame in frames)
    return missed <= 1
