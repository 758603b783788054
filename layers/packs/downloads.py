"""Single files of weights: from the folder that ROLLCALL_MODELS names, or downloaded by a pinned URL."""

import os
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from chalicelib.domain.errors import PackRefused
from layers.packs.hashes import require_sha256

_TIMEOUT_SECONDS = 30
_CHUNK = 1 << 18
_STEPS = 4  # progress is told after every quarter


@dataclass(frozen=True)
class ModelFile:
    """One file of `size` bytes, pinned by its sha256. `origin` says whose it is; without a `url` it must be at hand."""

    filename: str
    size: int
    sha256: str
    licence: str
    origin: str
    url: str = ""


def at_hand(file: ModelFile, cache: Path) -> Path | None:
    """Where the file is already: in the folder that ROLLCALL_MODELS names, else in `cache`."""
    named = os.environ.get("ROLLCALL_MODELS")
    folders = [Path(named), cache] if named else [cache]
    return next((folder / file.filename for folder in folders if (folder / file.filename).exists()), None)


def read_model(file: ModelFile, cache: Path, say: Callable[[str], None]) -> bytes:
    """The file's content, downloaded into `cache` if it is not at hand. Raises PackRefused if it is not as pinned."""
    path = at_hand(file, cache)
    if path is not None:
        content = path.read_bytes()
        require_sha256(str(path), content, file.sha256)
        return content
    content = _download(file, cache, say)
    require_sha256(file.url, content, file.sha256)
    cache.mkdir(parents=True, exist_ok=True)
    fresh = cache / f".{file.filename}.{os.getpid()}"
    fresh.write_bytes(content)
    fresh.replace(cache / file.filename)
    return content


def _download(file: ModelFile, cache: Path, say: Callable[[str], None]) -> bytes:
    if not file.url:
        raise PackRefused(f"{file.filename} is not at hand: {_by_hand(cache)}")
    say(f"fetching  {file.url}")
    try:
        # Whatever the scheme, nothing is used before its sha256 is as pinned.
        with urllib.request.urlopen(file.url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return _received(answer, file, say)
    except (OSError, HTTPException) as error:
        raise PackRefused(
            f"{file.filename} could not be downloaded from {file.url}: {error}\nWithout a network, {_by_hand(cache)}"
        ) from error


def _received(answer: HTTPResponse, file: ModelFile, say: Callable[[str], None]) -> bytes:
    """At most one byte more than the file has: enough to see that it is another one."""
    content = bytearray()
    told = 0
    while chunk := answer.read(min(_CHUNK, file.size + 1 - len(content))):
        content += chunk
        if len(content) * _STEPS // file.size > told:
            told = len(content) * _STEPS // file.size
            say(f"          {len(content) / 1e6:6.2f} of {file.size / 1e6:.2f} MB")
    return bytes(content)


def _by_hand(cache: Path) -> str:
    return f"put it into a folder and name that in ROLLCALL_MODELS, or into {cache}."
