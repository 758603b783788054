"""Writes .npz files whose bytes depend on the arrays alone: no times, no compression (whose bytes differ by zlib)."""

import io
import zipfile
from collections.abc import Mapping

import numpy as np

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can name


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, array in sorted(arrays.items()):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), member.getvalue())
    return written.getvalue()
