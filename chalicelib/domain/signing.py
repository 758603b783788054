"""Signed documents: whoever has the public key can tell that a document is ours and is as we wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.canonical import sha256_of


@dataclass(frozen=True)
class Signature:
    """`value`: base64 of what the algorithm makes of `signed_bytes(document)`."""

    key_id: str
    algorithm: str
    value: str


@dataclass(frozen=True)
class Signed:
    document: Mapping[str, Any]
    signature: Signature


def signed_bytes(document: Mapping[str, Any]) -> bytes:
    """What is signed: the hash in words, for a key service takes short messages only, and its kind beside it."""
    return f"rollcall {document['kind']} sha256:{sha256_of(document)}".encode()
