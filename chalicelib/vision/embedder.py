"""Chips to embeddings."""

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.errors import PackRefused
from chalicelib.vision.alignment import Chips
from chalicelib.vision.pack import Pack, open_session

Embeddings = NDArray[np.float32]
_BATCH = 8  # beyond it a chip costs no less, and memory grows


class Embedder:
    """The embedder of a pack. Raises PackRefused if the net is not of the size and dimension that the pack declares."""

    def __init__(self, pack: Pack) -> None:
        self._spec = pack.embedder
        self._session = open_session(pack, pack.embedder.file)
        self._require_as_declared(pack)

    def embed(self, chips: Chips) -> Embeddings:
        """(n, size, size, 3) uint8 RGB chips → (n, dimension) float32, unit norm. n may be 0."""
        size = self._spec.size
        if chips.dtype != np.uint8 or chips.shape[1:] != (size, size, 3):
            raise ValueError(f"chips are (n, {size}, {size}, 3) uint8, not {chips.shape} {chips.dtype}")
        embeddings = np.empty((len(chips), self._spec.dimension), np.float32)
        for start in range(0, len(chips), _BATCH):
            embeddings[start : start + _BATCH] = self._batch(chips[start : start + _BATCH])
        return embeddings

    def embed_to_enrol(self, chips: Chips) -> Embeddings:
        """The same for a template, which is made once and compared with for years.

        If the pack says so, each is the average of the chip's and of the mirrored chip's.
        """
        if not self._spec.mirrored:
            return self.embed(chips)
        return _unit(self.embed(chips) + self.embed(chips[:, :, ::-1]))

    def _require_as_declared(self, pack: Pack) -> None:
        """A net may leave open what size it takes, not how many values it gives: templates are read by that."""
        size, dimension = self._spec.size, self._spec.dimension
        takes = {each.name: each.shape for each in self._session.get_inputs()}
        gives = {each.name: each.shape for each in self._session.get_outputs()}
        taken = [known if isinstance(known, int) else size for known in takes.get("input", [])[2:]]
        if len(takes) != 1 or taken != [size, size] or gives.get("embedding", [])[1:] != [dimension]:
            raise PackRefused(
                f"{pack.path(self._spec.file)}: the net takes {takes} and gives {gives}; declared are an input of "
                f"(n, 3, {size}, {size}) and an embedding of (n, {dimension})"
            )

    def _batch(self, chips: Chips) -> Embeddings:
        channels = chips[..., ::-1] if self._spec.channels == "BGR" else chips
        pixels = np.ascontiguousarray(channels.transpose(0, 3, 1, 2), np.float32)
        if self._spec.normalisation:
            mean, scale = self._spec.normalisation
            pixels = (pixels - np.array(mean, np.float32)[:, None, None]) * np.float32(scale)
        (raw,) = self._session.run(["embedding"], {"input": pixels})
        return _unit(raw)


def _unit(rows: Embeddings) -> Embeddings:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
