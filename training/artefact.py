"""The files of a model that was learned: nothing in them is an embedding, a picture or a name.

model.json is the model, with projection.onnx if it has one; report.json is what the gate decides by; manifest.json says
from which data it was made, and its sha256 is their version.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chalicelib.vision.learned import MODEL

FORMAT = 1
PROJECTION, REPORT, MANIFEST = "projection.onnx", "report.json", "manifest.json"
DET, RELIABILITY = "det.svg", "reliability.svg"
NAMES = (PROJECTION, MANIFEST, REPORT, DET, RELIABILITY, MODEL)
"""In the order of writing: without the last one there is no model."""

Files = Mapping[str, bytes]


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
