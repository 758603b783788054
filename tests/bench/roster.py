"""People for a gallery to hold. Matching costs the same whoever they are, so these are random directions."""

import numpy as np

from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.pack import Pack


def roster(pack: Pack, people: int, occasions: int = 1, views: int = 1) -> list[Template]:
    """Templates of `people` who look like nobody."""
    rng = np.random.default_rng(0)
    return [
        Template(
            f"person-{number:05}",
            pack.model_id,
            tuple(Occasion(f"{number}-{each}", _views(rng, views, pack)) for each in range(occasions)),
        )
        for number in range(people)
    ]


def _views(rng: np.random.Generator, count: int, pack: Pack) -> tuple[bytes, ...]:
    rows = rng.standard_normal((count, pack.embedder.dimension))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return tuple(row.astype("<f4").tobytes() for row in rows)
