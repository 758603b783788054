"""Reads the weight lists of the mtcnn package: a joblib pickle of float32 arrays inside lz4.

A pickle may run code, so it is read only after its sha256 was checked, and through an unpickler that resolves three
names and no other.
"""

import io
import pickle
from typing import Any

import lz4.frame
import numpy as np
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler

from chalicelib.domain.errors import PackRefused

_ALLOWED: dict[tuple[str, str], Any] = {
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): NumpyArrayWrapper,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _ArraysOnly(NumpyUnpickler):  # type: ignore[misc]  # joblib has no types
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise PackRefused(f"the weights name {module}.{name}, which is not an array: not unpickled")
        return _ALLOWED[module, name]


def read_weights(content: bytes, count: int) -> list[np.ndarray]:
    """The `count` arrays of a net, in Keras's order. Raises PackRefused for anything else."""
    plain = lz4.frame.decompress(content)
    try:
        arrays = _ArraysOnly("weights", io.BytesIO(plain), ensure_native_byte_order=False).load()
    except pickle.UnpicklingError as error:
        raise PackRefused(f"the weights cannot be read: {error}") from error
    if not isinstance(arrays, list) or len(arrays) != count or any(type(a) is not np.ndarray for a in arrays):
        raise PackRefused(f"expected a list of {count} arrays")
    return arrays
