"""One way of writing a document down, so that its hash and its signature mean the same everywhere."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any


def canonical(document: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON: keys sorted, no spaces, no numbers that JSON does not have."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def sha256_of(document: Mapping[str, Any]) -> str:
    """Of the canonical form, as 64 hexadecimal digits."""
    return sha256(canonical(document)).hexdigest()


def fingerprint(document: Mapping[str, Any]) -> str:
    """What tells models apart: the first 12 hexadecimal digits of the sha256, whatever the spacing and key order."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()[:12]
