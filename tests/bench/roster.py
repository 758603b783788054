"""People for a gallery to hold. Matching costs the same whoever they are, so these are random directions."""

import numpy as np

from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.matching import Gallery
from chalicelib.vision.pack import Pack
from chalicelib.vision.recogniser import Recogniser


def gallery(recogniser: Recogniser, pack: Pack, people: int, occasions: int = 1, views: int = 1) -> Gallery:
    """Of `people` who look like nobody, with as many others for a cohort as the pack asks for."""
    cohort = _templates(pack, "other", recogniser.shipped.cohort_size, 1, 1)
    return recogniser.gallery(_templates(pack, "person", people, occasions, views), cohort)


def _templates(pack: Pack, kind: str, people: int, occasions: int, views: int) -> list[Template]:
    rng = np.random.default_rng(len(kind))
    return [
        Template(
            f"{kind}-{number:05}",
            pack.model_id,
            tuple(Occasion(f"{number}-{each}", _views(rng, views, pack)) for each in range(occasions)),
        )
        for number in range(people)
    ]


def _views(rng: np.random.Generator, count: int, pack: Pack) -> tuple[bytes, ...]:
    rows = rng.standard_normal((count, pack.embedder.dimension))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return tuple(row.astype("<f4").tobytes() for row in rows)
