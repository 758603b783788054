"""Read a dataset of retraining, and divide its people for ever: who is learned from, and who tests.

A person's side follows from the person's id alone, so no champion, of whichever day, ever learned from a person who
tests a challenger. The manifest says by ids and hashes what there was; its own hash is the version of the data.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.pack import Pack

FORMAT = 1
LEARN, TEST = "learn", "test"
_ID = re.compile(r"[A-Za-z0-9_.:~-]{1,64}")
_UNIT_WITHIN = 1e-3


class DatasetRefused(ValueError):
    """The dataset is malformed, or of another pack. The message says where, and nothing of what anybody's views are."""


@dataclass(frozen=True)
class Member:
    """A person whose consent permits all this. normalise: also to be in a cohort. Nothing is known but the id."""

    template: Template
    normalise: bool

    @property
    def person_id(self) -> str:
        return self.template.person_id

    @property
    def side(self) -> str:
        return side_of(self.person_id)

    @property
    def registrations(self) -> dict[str, tuple[Occasion, ...]]:
        """The occasions by registration, in the order in which they were made: what is never torn apart."""
        found: dict[str, tuple[Occasion, ...]] = {}
        for occasion in self.template.occasions:
            found[occasion.registration_id] = (*found.get(occasion.registration_id, ()), occasion)
        return found


@dataclass(frozen=True)
class Dataset:
    """`members`: sorted by their ids."""

    job_id: str
    pack_id: str
    champion_id: str
    members: tuple[Member, ...]


def side_of(person_id: str) -> str:
    """For ever: the salt never changes."""
    return LEARN if _digest("side", person_id)[0] < 128 else TEST


def validates(person_id: str) -> bool:
    """Whether a person of the learning side is of the half by which it is chosen what was learned."""
    return _digest("validation", person_id)[0] < 128


def cohort_order(person_id: str) -> bytes:
    """By which it is decided who is set apart as a cohort."""
    return _digest("cohort", person_id)


def read_dataset(folder: Path, pack: Pack) -> Dataset:
    """Raises DatasetRefused."""
    head = _object(_text(folder / "dataset.json"), "dataset.json")
    if head.get("format") != FORMAT:
        raise DatasetRefused(f"dataset.json: format {head.get('format')!r} is not known, expected {FORMAT}.")
    if head.get("pack_id") != pack.model_id:
        raise DatasetRefused(f"The dataset is of the pack {head.get('pack_id')!r}, this is {pack.model_id}.")
    lines = _text(folder / "people.jsonl").splitlines()
    members = tuple(
        _member(_object(line, place), place, pack)
        for place, line in ((f"people.jsonl, line {number}", line) for number, line in enumerate(lines, 1))
    )
    for before, after in pairwise(member.person_id for member in members):
        if before >= after:
            raise DatasetRefused("people.jsonl is not sorted by person, or names a person twice.")
    return Dataset(_id(head, "job_id"), pack.model_id, _id(head, "champion_id"), members)


def manifest_of(pack_id: str, members: Iterable[Member]) -> dict[str, Any]:
    """What the data were: of `views` there is one number for each occasion. No view can be told from a hash."""
    return {
        "format": FORMAT,
        "pack_id": pack_id,
        "people": [
            {
                "person_id": member.person_id,
                "side": member.side,
                "normalise": member.normalise,
                "registrations": [
                    {
                        "registration_id": registration_id,
                        "views": [len(occasion.embeddings) for occasion in occasions],
                        "sha256": _sha256_of(occasions),
                    }
                    for registration_id, occasions in sorted(member.registrations.items())
                ],
            }
            for member in members
        ],
    }


def _sha256_of(occasions: Iterable[Occasion]) -> str:
    views = (view for occasion in occasions for view in occasion.embeddings)
    return hashlib.sha256(b"".join(views)).hexdigest()


def _digest(purpose: str, person_id: str) -> bytes:
    return hashlib.sha256(f"rollcall/retraining/{purpose}/{person_id}".encode()).digest()


def _member(said: Mapping[str, Any], place: str, pack: Pack) -> Member:
    if set(said) != {"person_id", "normalise", "occasions"} or not isinstance(said["normalise"], bool):
        raise DatasetRefused(f"{place}: not person_id, normalise and occasions alone.")
    if not isinstance(said["occasions"], list) or not said["occasions"]:
        raise DatasetRefused(f"{place}: no occasions.")
    occasions = tuple(_occasions(said["occasions"], place, pack.embedder.dimension))
    return Member(Template(_id(said, "person_id", place), pack.model_id, occasions), said["normalise"])


def _occasions(said: Iterable[Any], place: str, dimension: int) -> Iterator[Occasion]:
    for each in said:
        if not isinstance(each, dict) or set(each) != {"registration_id", "views"}:
            raise DatasetRefused(f"{place}: an occasion is not registration_id and views alone.")
        views = each["views"]
        if not isinstance(views, list) or not views:
            raise DatasetRefused(f"{place}: an occasion without a view.")
        decoded = tuple(_view(view, place, dimension) for view in views)
        yield Occasion(_id(each, "registration_id", place), decoded)


def _view(said: Any, place: str, dimension: int) -> bytes:
    try:
        view = base64.b64decode(said, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise DatasetRefused(f"{place}: a view that is no base64.") from error
    if len(view) != 4 * dimension:
        raise DatasetRefused(f"{place}: a view that is not {dimension} float32 values.")
    norm = float(np.linalg.norm(np.frombuffer(view, "<f4").astype(np.float64)))
    if not abs(norm - 1) <= _UNIT_WITHIN:
        raise DatasetRefused(f"{place}: a view that is not of unit norm.")
    return view


def _id(said: Mapping[str, Any], name: str, place: str = "dataset.json") -> str:
    found = said.get(name)
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise DatasetRefused(f"{place}: {name} is no id.")
    return found


def _object(text: str, place: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DatasetRefused(f"{place} is not JSON.") from error
    if not isinstance(found, dict):
        raise DatasetRefused(f"{place} is no object.")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetRefused(f"{path.name} cannot be read.") from error
