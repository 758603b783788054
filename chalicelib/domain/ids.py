"""Opaque ids: random, without meaning, safe in keys, logs and webhooks."""

from collections.abc import Callable
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
    REQUEST = "req"


def new_seed() -> str:
    """Random; see `id_from`."""
    return uuid4().hex


NewId = Callable[[Kind], str]


def fresh_id(kind: Kind) -> str:
    """For example `per_0f8fad5bd9cb469fa16570867728950e`."""
    return f"{kind}_{uuid4().hex}"


def id_from(seed: str, kind: Kind) -> str:
    """The same id for the same seed: what makes a thing once, however often it is asked for."""
    return f"{kind}_{sha256(f'{kind}#{seed}'.encode()).hexdigest()[:32]}"
