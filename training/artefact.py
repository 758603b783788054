"""The files of a model that was learned: nothing in them is an embedding, a picture or a name.

model.json is the model, with projection.onnx if it has one; report.json is what the gate decides by; manifest.json says
from which data it was made, and its sha256 is their version. The same model, data and champion give the same bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chalicelib.vision.learned import MODEL
from chalicelib.vision.pack import Pack
from training.challenge import Challenge, as_json, curves, expected
from training.learning import Learnt
from training.paired import DIGITS
from training.projections import graph_of
from training.report import det_chart, reliability_chart

FORMAT = 1
PROJECTION, REPORT, MANIFEST = "projection.onnx", "report.json", "manifest.json"
DET, RELIABILITY = "det.svg", "reliability.svg"
NAMES = (PROJECTION, MANIFEST, REPORT, DET, RELIABILITY, MODEL)
"""In the order of writing: without the last one there is no model."""

Files = Mapping[str, bytes]


def model_files(learnt: Learnt, manifest: Mapping[str, Any], pack: Pack) -> dict[str, bytes]:
    """model.json, manifest.json, and projection.onnx if one was learned: without thresholds there is none."""
    files = {MANIFEST: written(manifest)}
    projection = None
    if learnt.thresholds and learnt.chosen.matrix is not None:
        graph = files[PROJECTION] = graph_of(learnt.chosen.matrix)
        projection = {
            "kind": learnt.chosen.kind,
            "file": PROJECTION,
            "sha256": hashlib.sha256(graph).hexdigest(),
        }
    declaration = {
        "format": FORMAT,
        "pack_id": pack.model_id,
        "thresholds": learnt.thresholds.as_json() if learnt.thresholds else None,
        "projection": projection,
        "data_version": data_version(files),
    }
    return {**files, MODEL: written(declaration)}


def report_files(
    champion_id: str, model_id: str, learnt: Learnt, found: Challenge | None, files: Files, pack: Pack
) -> dict[str, bytes]:
    """report.json, and where something was tested its charts. Groups: registrations do not say of which one is."""
    report = {
        "format": FORMAT,
        "champion_id": champion_id,
        "pack_id": pack.model_id,
        "model_id": model_id,
        "data_version": data_version(files),
        "promise": {k: v for k, v in vars(pack.thresholds.promise).items() if v is not None},
        "calibrated": learnt.thresholds is not None,
        "learned_from": {"people": learnt.people, "registrations": learnt.registrations},
        "candidates": [
            {
                "kind": each.kind,
                "validation_fnir": None
                if each.validation_fnir is None
                else round(each.validation_fnir, DIGITS),
                "chosen": each is learnt.chosen,
            }
            for each in learnt.candidates
        ],
        "test": found and as_json(found),
        "groups": [],
        "expected": found and expected(found),
    }
    return {REPORT: written(report), **({} if found is None else _charts(found))}


def data_version(files: Files) -> str:
    return hashlib.sha256(files[MANIFEST]).hexdigest()


def written(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()


def read_files(folder: Path) -> dict[str, bytes]:
    """The files of a model that lie there."""
    return {name: (folder / name).read_bytes() for name in NAMES if (folder / name).is_file()}


def write_files(files: Files, folder: Path) -> None:
    """Each whole or not at all, in an order in which half of them is no model; what lay there before goes first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in reversed(NAMES):
        (folder / name).unlink(missing_ok=True)
    for name in NAMES:
        if name in files:
            part = folder / f".{name}.part"
            part.write_bytes(files[name])
            part.replace(folder / name)


def _charts(found: Challenge) -> dict[str, bytes]:
    both = curves(found)
    det = det_chart({name: each["det"] for name, each in both.items()})
    reliabilities = {name: each["reliability"] for name, each in both.items()}
    return {
        DET: det.encode(),
        RELIABILITY: reliability_chart("Reliability of confidences", reliabilities).encode(),
    }
