"""Opaque ids: random, without meaning, safe in keys, logs and webhooks."""

from enum import StrEnum
from hashlib import sha256
from uuid import uuid4


class Kind(StrEnum):
    PERSON = "per"
    COURSE = "crs"
    SESSION = "ses"
    FRAME = "frm"
    REGISTRATION = "reg"
    CAMERA = "cam"
    ADMIN = "adm"


def new_seed() -> str:
    """Random; what ids are derived from when the same work, repeated, must make the same ids."""
    return uuid4().hex


def derived_id(kind: Kind, seed: str, number: int) -> str:
    """As opaque as the seed is secret."""
    return f"{kind}_{sha256(f'{seed}/{number}'.encode()).hexdigest()[:32]}"


def new_id(kind: Kind) -> str:
    """For example `per_0f8fad5bd9cb469fa16570867728950e`."""
    return f"{kind}_{uuid4().hex}"
