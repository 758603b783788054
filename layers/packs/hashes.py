"""The one check that every source and every built file passes."""

import hashlib

from chalicelib.domain.errors import PackRefused


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def require_sha256(name: str, content: bytes, expected: str) -> None:
    """Raises PackRefused, naming the file and both hashes, unless `content` has the `expected` sha256."""
    found = sha256_of(content)
    if found != expected:
        raise PackRefused(f"{name}: expected sha256 {expected}, found {found}")
