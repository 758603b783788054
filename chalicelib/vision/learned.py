"""The model that scores faces: a pack as it was shipped, or with what retraining learned on top of it.

What is learned comes after the pack's nets: a projection of their embeddings, and thresholds. Templates stay raw and
keyed by the pack, so that a new model needs no new pictures and the one before it is back with the next frame.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.canonical import fingerprint
from chalicelib.domain.errors import PackRefused
from chalicelib.domain.templates import LEARNED
from chalicelib.vision.pack import NOT_UNDERSTOOD, Pack, session_on
from chalicelib.vision.thresholds import Thresholds, thresholds_of

Rows = NDArray[np.float32]
Projection = Callable[[Rows], Rows]
"""(n, d) float32, unit norm → (n, d') float32, unit norm; a row that it maps to nothing stays nothing."""

MODEL, FORMAT = "model.json", 1
KINDS = ("wccn", "head")
_NO_DIRECTION = 1e-6


@dataclass(frozen=True, eq=False)
class Learned:
    """A model. `pack_id`: of the pack whose embeddings it takes; `projection`: None if it takes them as they are."""

    model_id: str
    pack_id: str
    thresholds: Thresholds
    projection: Projection | None = None

    @classmethod
    def of(cls, pack: Pack) -> "Learned":
        """The pack as it was shipped."""
        return cls(pack.model_id, pack.model_id, pack.thresholds)

    @property
    def cohort_size(self) -> int:
        """How many other people's templates a gallery wants for normalising its scores; 0 if none."""
        rivals = self.thresholds.rivals
        return 0 if rivals is None else rivals.cohort


def learned_id(declaration: Mapping[str, Any]) -> str:
    """The model id of the content of a model.json."""
    return f"{declaration['pack_id']}{LEARNED}{fingerprint(declaration)}"


def load_learned(files: Mapping[str, bytes], pack: Pack) -> Learned:
    """Verifies a model's files, by their names. What it declares no thresholds for is held to the pack's.

    Raises PackRefused: a file is missing or changed, of another pack, not understood, or its projection cannot be run.
    """
    declaration = _read(files)
    try:
        if declaration["pack_id"] != pack.model_id:
            raise PackRefused(f"{MODEL} is of the pack {declaration['pack_id']!r}, this is {pack.model_id}")
        thresholds, projection = declaration["thresholds"], declaration["projection"]
        return Learned(
            model_id=learned_id(declaration),
            pack_id=pack.model_id,
            thresholds=pack.thresholds if thresholds is None else thresholds_of(thresholds),
            projection=None if projection is None else _projection_of(projection, files, pack),
        )
    except NOT_UNDERSTOOD as error:
        raise PackRefused(f"{MODEL}: {type(error).__name__}: {error}") from error


def unit(rows: Rows) -> Rows:
    """Each row at unit norm; one without direction becomes nothing, which is like nobody."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    directed = np.isfinite(norms) & (norms > _NO_DIRECTION)
    return np.asarray(np.divide(rows, norms, out=np.zeros_like(rows), where=directed), np.float32)


def _read(files: Mapping[str, bytes]) -> Mapping[str, Any]:
    if MODEL not in files:
        raise PackRefused(f"{MODEL} is missing")
    try:
        declaration = json.loads(files[MODEL])
    except (ValueError, RecursionError) as error:
        raise PackRefused(f"{MODEL} is not JSON: {error}") from error
    found = declaration.get("format") if isinstance(declaration, dict) else None
    if found != FORMAT:
        raise PackRefused(f"{MODEL}: format {found!r} is not known, expected {FORMAT}")
    return dict(declaration)


def _projection_of(declared: Mapping[str, Any], files: Mapping[str, bytes], pack: Pack) -> Projection:
    if declared["kind"] not in KINDS:
        raise ValueError(f"a projection of kind {declared['kind']!r}, expected {' or '.join(KINDS)}")
    name = declared["file"]
    if name not in files:
        raise PackRefused(f"{name!r} is missing")
    found = hashlib.sha256(files[name]).hexdigest()
    if found != declared["sha256"]:
        raise PackRefused(f"{name}: expected sha256 {declared['sha256']}, found {found}")
    return _verified(_opened(name, files[name]), name, pack.embedder.dimension)


def _opened(name: str, content: bytes) -> Projection:
    try:
        session = session_on(content)
    except Exception as error:  # the runtime's errors have no ancestor of their own
        raise PackRefused(f"{name} is no net: {error}") from error

    def project(rows: Rows) -> Rows:
        (projected,) = session.run(["projected"], {"embedding": np.ascontiguousarray(rows, np.float32)})
        return projected  # type: ignore[no-any-return]

    return project


def _verified(project: Projection, name: str, dimension: int) -> Projection:
    """Run once, on a few directions that are always the same: whatever it cannot do, it cannot do in service either."""
    given = unit(np.random.default_rng(0).standard_normal((3, dimension)).astype(np.float32))
    try:
        projected, alone = project(given), project(given[:1])
    except Exception as error:  # as above
        raise PackRefused(f"{name} cannot be run on {given.shape}: {error}") from error
    if projected.ndim != 2 or len(projected) != len(given) or alone.shape != (1, projected.shape[-1]):
        raise PackRefused(f"{name} gives {projected.shape} and {alone.shape} of 3 rows and of one")
    if not np.isfinite(projected).all() or not (np.linalg.norm(projected, axis=1) > _NO_DIRECTION).all():
        raise PackRefused(f"{name} gives what are no numbers, or no directions")
    size = projected.shape[1]
    return lambda rows: unit(project(rows)) if len(rows) else np.empty((0, size), np.float32)
