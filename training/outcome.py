"""What a retraining job says of the model that it made: the content of its files.

The same model, data and champion give the same bytes.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from chalicelib.vision.learned import MODEL
from chalicelib.vision.pack import Pack
from training.artefact import (
    DET,
    FORMAT,
    MANIFEST,
    PROJECTION,
    RELIABILITY,
    REPORT,
    Files,
    data_version,
    written,
)
from training.challenge import Challenge, as_json, curves, expected
from training.learning import Learnt
from training.paired import DIGITS
from training.projections import graph_of
from training.report import det_chart, reliability_chart


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


def _charts(found: Challenge) -> dict[str, bytes]:
    both = curves(found)
    det = det_chart({name: each["det"] for name, each in both.items()})
    reliabilities = {name: each["reliability"] for name, each in both.items()}
    return {
        DET: det.encode(),
        RELIABILITY: reliability_chart("Reliability of confidences", reliabilities).encode(),
    }
