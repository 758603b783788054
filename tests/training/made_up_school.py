"""Made-up schools: people whose views differ by a nuisance that lies in a known part of the space."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.templates import Occasion, Template
from training.segregate import FORMAT, Member

DIMENSION = 128  # the pack's
IDENTITY, NUISANCE = slice(0, 48), slice(48, 64)
"""In which of a view's values people differ, and in which their occasions do."""


def school(
    pack_id: str,
    several: int,
    once: int,
    seed: int = 1,
    nuisance: float = 1.0,
    noise: float = 0.35,
    registrations: int = 4,
    views: int = 1,
) -> tuple[Member, ...]:
    """`several` people with so many registrations, `once` people with one."""
    rng = np.random.default_rng(seed)
    members = []
    for number in range(several + once):
        own = _direction(rng, IDENTITY)
        occasions = [
            Occasion(f"reg_{number:05}_{each}", _views(rng, own, nuisance, noise, views))
            for each in range(registrations if number < several else 1)
        ]
        members.append(Member(Template(f"per_{number:05}", pack_id, tuple(occasions)), normalise=True))
    return tuple(members)


def write_dataset(
    members: Sequence[Member], folder: Path, pack_id: str, champion_id: str | None = None
) -> Path:
    """As the service does."""
    folder.mkdir(parents=True, exist_ok=True)
    head = {
        "format": FORMAT,
        "job_id": "rollcall-retrain-0123456789abcdef0123",
        "pack_id": pack_id,
        "champion_id": champion_id or pack_id,
        "snapshot_at": "2026-11-24T12:00:00+00:00",
    }
    (folder / "dataset.json").write_text(json.dumps(head))
    lines = [json.dumps(line_of(member)) + "\n" for member in members]
    (folder / "people.jsonl").write_text("".join(lines))
    return folder


def line_of(member: Member) -> dict[str, object]:
    return {
        "person_id": member.person_id,
        "normalise": member.normalise,
        "occasions": [
            {
                "registration_id": occasion.registration_id,
                "views": [base64.b64encode(view).decode() for view in occasion.embeddings],
            }
            for occasion in member.template.occasions
        ],
    }


def _views(
    rng: np.random.Generator, own: NDArray[np.float64], nuisance: float, noise: float, number: int
) -> tuple[bytes, ...]:
    there = own + nuisance * _direction(rng, NUISANCE)
    return tuple(_unit(there + noise * _direction(rng, slice(0, DIMENSION))) for _ in range(number))


def _direction(rng: np.random.Generator, part: slice) -> NDArray[np.float64]:
    drawn = np.zeros(DIMENSION)
    drawn[part] = rng.normal(size=part.stop - part.start)
    return np.asarray(drawn / np.linalg.norm(drawn), np.float64)


def _unit(vector: NDArray[np.float64]) -> bytes:
    return np.asarray(vector / np.linalg.norm(vector), "<f4").tobytes()
