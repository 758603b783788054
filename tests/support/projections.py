"""Projections as retraining writes them: a matrix and a normalisation, as ONNX."""

import hashlib
import json
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


def projection_net(matrix: NDArray[np.floating]) -> bytes:
    """(d, d') → a net of `embedding` (n, d) to `projected` (n, d'), unit norm."""
    given, made = matrix.shape
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["embedding", "matrix"], ["mapped"]),
            helper.make_node("LpNormalization", ["mapped"], ["projected"], axis=1, p=2),
        ],
        "projection",
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ("n", given))],
        [helper.make_tensor_value_info("projected", TensorProto.FLOAT, ("n", made))],
        [numpy_helper.from_array(np.asarray(matrix, np.float32), "matrix")],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def rotation(dimension: int, seed: int = 1) -> NDArray[np.float32]:
    """It changes every embedding and no angle between two."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((dimension, dimension)))
    return np.asarray(q, np.float32)


def model_files(
    pack_id: str, *, net: bytes | None = None, thresholds: Any = None, kind: str = "wccn", **more: Any
) -> dict[str, bytes]:
    """The files of a model on the pack; `more` overrides what model.json declares."""
    projection = {"kind": kind, "file": "projection.onnx", "sha256": hashlib.sha256(net or b"").hexdigest()}
    declaration = {
        "format": 1,
        "pack_id": pack_id,
        "thresholds": thresholds,
        "projection": None if net is None else projection,
        "data_version": None,
        **more,
    }
    return {"model.json": json.dumps(declaration).encode()} | (
        {} if net is None else {"projection.onnx": net}
    )
