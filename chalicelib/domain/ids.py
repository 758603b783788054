"""Opaque ids: random, without meaning, safe in keys, logs and webhooks."""

from enum import StrEnum
from uuid import uuid4


class Kind(StrEnum):
    PERSON = "per"
    COURSE = "crs"
    SESSION = "ses"
    FRAME = "frm"
    REGISTRATION = "reg"
    CAMERA = "cam"
    ADMIN = "adm"


def new_id(kind: Kind) -> str:
    """For example `per_0f8fad5bd9cb469fa16570867728950e`."""
    return f"{kind}_{uuid4().hex}"
