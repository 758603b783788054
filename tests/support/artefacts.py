"""What a training job leaves, made without training: a small tar.gz whose parts agree."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from chalicelib.domain.artefacts import learned_id

BETTER = {"value": -0.03, "lower": -0.05, "upper": -0.01}
SAME = {"value": 0.001, "lower": -0.01, "upper": 0.012}
WORSE = {"value": 0.05, "lower": 0.02, "upper": 0.08}
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


def figures(difference: Mapping[str, float] = BETTER, **more: Any) -> dict[str, Any]:
    """The test of 150 people and 2000 strangers, with enough evidence to decide on."""
    return {
        "identities": 150,
        "strangers": 2000,
        "expected_false_positives": 20.0,
        "champion": {
            "fpir": 0.009,
            "fpir_interval": [0.006, 0.013],
            "fnir": 0.1,
            "fnir_interval": [0.08, 0.12],
        },
        "challenger": {
            "fpir": 0.008,
            "fpir_interval": [0.005, 0.012],
            "fnir": 0.07,
            "fnir_interval": [0.05, 0.09],
        },
        "fnir_difference": {**difference, "repeats": 1000},
    } | more


def report(champion_id: str, model_id: str = "fake-1~0123456789ab", /, **more: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "champion_id": champion_id,
        "pack_id": champion_id.partition("~")[0],
        "model_id": model_id,
        "data_version": "0" * 64,
        "promise": {"accept_fpir": 0.01},
        "calibrated": True,
        "learned_from": {"people": 300, "registrations": 320},
        "candidates": [{"kind": "none", "validation_fnir": 0.1, "chosen": True}],
        "test": figures(),
        "groups": [],
        "expected": None,
    } | more


def files(champion_id: str, /, *, learned: str = "", **more: Any) -> dict[str, bytes]:
    """`learned` tells one model from another; `more` goes into the report."""
    pack_id = champion_id.partition("~")[0]
    manifest = json.dumps({"format": 1, "pack_id": pack_id, "people": [], "of": learned}).encode()
    model = {
        "format": 1,
        "pack_id": pack_id,
        "thresholds": {"accept": 0.5},
        "projection": None,
        "data_version": sha256(manifest).hexdigest(),
    }
    told = report(champion_id, learned_id(model), data_version=model["data_version"]) | more
    return {
        "model.json": json.dumps(model).encode(),
        "manifest.json": manifest,
        "report.json": json.dumps(told).encode(),
        "det.svg": SVG,
        "reliability.svg": SVG,
    }


def with_model(content: Mapping[str, bytes], **changed: Any) -> dict[str, bytes]:
    """The artefact with a model.json that says something else, and a report of that model."""
    model = json.loads(content["model.json"]) | changed
    canonical = json.dumps(model, sort_keys=True, separators=(",", ":"))
    model_id = f"{model['pack_id']}~{sha256(canonical.encode()).hexdigest()[:12]}"
    told = json.loads(content["report.json"]) | {"model_id": model_id}
    return {**content, "model.json": json.dumps(model).encode(), "report.json": json.dumps(told).encode()}


def with_projection(content: Mapping[str, bytes], net: bytes = b"a net", **changed: Any) -> dict[str, bytes]:
    projection = {"kind": "wccn", "file": "projection.onnx", "sha256": sha256(b"a net").hexdigest()} | changed
    return with_model(content, projection=projection) | {"projection.onnx": net}


def packed(content: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(stream.getvalue(), compresslevel=1, mtime=0)


def artefact(champion_id: str, /, **more: Any) -> bytes:
    return packed(files(champion_id, **more))
