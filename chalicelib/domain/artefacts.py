"""What a training job made: unpacked within bounds, under known names alone, and only if all of it agrees."""

import gzip
import io
import json
import re
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from chalicelib.domain.canonical import fingerprint
from chalicelib.domain.errors import ArtefactRefused
from chalicelib.domain.gate import Report, read_report
from chalicelib.domain.templates import LEARNED

MIB = 1024 * 1024
MOST_PACKED_BYTES = 32 * MIB
MOST_BYTES = 64 * MIB
MOST_MEMBERS = 32
MODEL, PROJECTION, REPORT, MANIFEST = "model.json", "projection.onnx", "report.json", "manifest.json"
CHARTS = ("det.svg", "reliability.svg")
KNOWN = {MODEL: MIB, PROJECTION: 32 * MIB, REPORT: MIB, MANIFEST: 48 * MIB, CHARTS[0]: MIB, CHARTS[1]: MIB}
"""The names that an artefact may hold, and how long each may be."""
FIELDS = {"format", "pack_id", "thresholds", "projection", "data_version"}
KINDS = ("wccn", "head")
SHA256 = re.compile(r"[0-9a-f]{64}")
UNREADABLE = (tarfile.TarError, zlib.error, OSError, EOFError, ValueError, OverflowError, RecursionError)
DEEPEST = 32
LONGEST_NUMBER = 15  # digits: what is counted or measured here has no more


@dataclass(frozen=True)
class Artefact:
    """`files` by name. `model_id` is that of what was learned, as model.json says it."""

    model_id: str
    report: Report
    files: Mapping[str, bytes]


def unpack(packed: bytes, *, pack_id: str) -> Artefact:
    """Raises ArtefactRefused, saying what is wrong with it."""
    files = _files(packed)
    for name in (MODEL, REPORT, MANIFEST):
        if name not in files:
            raise ArtefactRefused(f"The artefact holds no {name}.")
    model = _json(files, MODEL)
    model_id = learned_id(model)
    report = read_report(_json(files, REPORT))
    _require(model["pack_id"] == pack_id, f"It is of the pack {model['pack_id']}, not of {pack_id}.")
    _require(report.pack_id == pack_id, "The report is of another pack.")
    _require(report.model_id == model_id, f"The report is of {report.model_id}, but the model is {model_id}.")
    data_version = sha256(files[MANIFEST]).hexdigest()
    _require(model["data_version"] == data_version, "The model was not learned from the manifest beside it.")
    _require(report.data_version == data_version, "The report is of other data.")
    _check_projection(model["projection"], files)
    return Artefact(model_id, report, files)


def learned_id(model: Any) -> str:
    """The id of the model that a model.json describes, whatever its spacing and key order. Raises ArtefactRefused."""
    if not isinstance(model, dict) or set(model) != FIELDS or model["format"] != 1:
        raise ArtefactRefused("model.json is of no format that is read here.")
    if not isinstance(model["pack_id"], str) or not isinstance(model["thresholds"], dict | None):
        raise ArtefactRefused("model.json names no pack, or thresholds that are none.")
    return f"{model['pack_id']}{LEARNED}{fingerprint(model)}"


def as_shipped(pack_id: str) -> dict[str, Any]:
    """The model.json of a pack with nothing learned on top."""
    return {"format": 1, "pack_id": pack_id, "thresholds": None, "projection": None, "data_version": None}


def _check_projection(projection: Any, files: Mapping[str, bytes]) -> None:
    if projection is None:
        return _require(PROJECTION not in files, f"{PROJECTION} is there, but model.json has no projection.")
    wanted = isinstance(projection, dict) and set(projection) == {"kind", "file", "sha256"}
    _require(wanted and projection["kind"] in KINDS, "The projection is of no kind that is known.")
    _require(projection["file"] == PROJECTION, "The projection is in another file than projection.onnx.")
    found = sha256(files.get(PROJECTION, b"")).hexdigest()
    _require(projection["sha256"] == found, f"{PROJECTION} differs from what model.json says of it.")
    return None


def _files(packed: bytes) -> dict[str, bytes]:
    if len(packed) > MOST_PACKED_BYTES:
        raise ArtefactRefused("The artefact is too large.")
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            plain = stream.read(MOST_BYTES + 1)
        if len(plain) > MOST_BYTES:
            raise ArtefactRefused("The artefact is too large once unpacked.")
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            return _members(archive)
    except UNREADABLE as error:
        raise ArtefactRefused("The artefact is no tar.gz that can be read.") from error


def _members(archive: tarfile.TarFile) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for number, member in enumerate(archive):
        name = member.name.removeprefix("./")
        if number >= MOST_MEMBERS:
            raise ArtefactRefused("The artefact holds too many files.")
        if member.isdir() and name in ("", "."):
            continue
        if name not in KNOWN or name in files:
            raise ArtefactRefused("The artefact holds a file of a name that is not known, or one twice.")
        if not member.isreg() or member.issparse() or not 0 <= member.size <= KNOWN[name]:
            raise ArtefactRefused(f"{name} is no plain file, or too large.")
        files[name] = _content(archive, member)
    return files


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    content = b"" if stream is None else stream.read()
    _require(len(content) == member.size, "The artefact ends in the middle of a file.")
    return content


def _json(files: Mapping[str, bytes], name: str) -> Any:
    """Of no more depth, no longer numbers and no other characters than what reads it next can take."""
    try:
        document = json.loads(files[name], parse_constant=_no_number, parse_int=_whole_number)
        json.dumps(document, ensure_ascii=False).encode()  # a lone surrogate is in no file of ours
    except (ValueError, RecursionError) as error:
        raise ArtefactRefused(f"{name} is no JSON that is read here.") from error
    _require(_depth(document) <= DEEPEST, f"{name} is nested too deep.")
    return document


def _depth(document: Any, most: int = DEEPEST + 1) -> int:
    inner = (
        document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    )
    return 1 + max((_depth(each, most - 1) for each in inner), default=0) if most > 0 else 1


def _whole_number(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("a number of too many digits")
    return int(digits)


def _no_number(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON.")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ArtefactRefused(otherwise)
