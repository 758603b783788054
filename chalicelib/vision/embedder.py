"""Chips to embeddings."""

import numpy as np
from numpy.typing import NDArray

from chalicelib.vision.alignment import Chips
from chalicelib.vision.pack import Pack, open_session

Embeddings = NDArray[np.float32]
_BATCH = 8  # beyond it a face costs no less, and memory grows


class Embedder:
    """The embedder of a pack."""

    def __init__(self, pack: Pack) -> None:
        self._spec = pack.embedder
        self._session = open_session(pack, pack.embedder.file)

    def embed(self, chips: Chips) -> Embeddings:
        """(n, size, size, 3) uint8 RGB chips → (n, dimension) float32, unit norm. n may be 0."""
        size = self._spec.size
        if chips.dtype != np.uint8 or chips.shape[1:] != (size, size, 3):
            raise ValueError(f"chips are (n, {size}, {size}, 3) uint8, not {chips.shape} {chips.dtype}")
        embeddings = np.empty((len(chips), self._spec.dimension), np.float32)
        for start in range(0, len(chips), _BATCH):
            batch = chips[start : start + _BATCH].transpose(0, 3, 1, 2)
            (raw,) = self._session.run(["embedding"], {"input": np.ascontiguousarray(batch, np.float32)})
            embeddings[start : start + _BATCH] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
        return embeddings
