"""Where weights come from: archives on PyPI, read as archives. Nothing of them is installed or imported."""

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.domain.errors import PackRefused
from layers.packs.hashes import require_sha256

# pip asks an sdist's setup.py for metadata, in an environment of its own; setuptools 81 and later may drop what a
# setup.py of 2017 uses. Older pips do not know this setting and ignore it.
_BUILD_CONSTRAINT = "setuptools<81"


@dataclass(frozen=True)
class Archive:
    """One distribution on PyPI: an sdist (.tar.gz) or a wheel (.whl), pinned by the sha256 of the whole file."""

    package: str
    version: str
    filename: str
    sha256: str


@dataclass(frozen=True)
class SourceFile:
    """One file inside an archive, pinned by its own sha256."""

    archive: Archive
    member: str
    sha256: str
    licence: str


def fetch(archive: Archive, cache: Path) -> Path:
    """The archive's path in `cache`, downloaded by pip if it is not there. Raises PackRefused if its hash is wrong."""
    path = cache / archive.filename
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _download(archive, cache)
    try:
        require_sha256(str(path), path.read_bytes(), archive.sha256)
    except PackRefused as error:
        raise PackRefused(f"{error}\nThe download was changed; remove {path} to fetch it again.") from error
    return path


def read_members(path: Path, files: list[SourceFile]) -> Mapping[SourceFile, bytes]:
    """The content of each file of the archive at `path`. Raises PackRefused if one is missing or changed."""
    wanted = {file.member for file in files}
    contents = _read_zip(path, wanted) if path.suffix == ".whl" else _read_tar(path, wanted)
    for file in files:
        if file.member not in contents:
            raise PackRefused(f"{path} holds no {file.member}")
        require_sha256(f"{path.name}: {file.member}", contents[file.member], file.sha256)
    return {file: contents[file.member] for file in files}


def _download(archive: Archive, cache: Path) -> None:
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        # With the hash in a requirements file pip refuses other bytes before it runs anything of them.
        requirement = Path(folder, "requirements.txt")
        requirement.write_text(f"{archive.package}=={archive.version} --hash=sha256:{archive.sha256}\n")
        constraint = Path(folder, "constraint.txt")
        constraint.write_text(_BUILD_CONSTRAINT + "\n")
        chosen = "--only-binary" if archive.filename.endswith(".whl") else "--no-binary"
        command = [sys.executable, "-m", "pip", "download", "--no-deps", chosen, archive.package]
        command += ["--require-hashes", "--requirement", str(requirement), "--dest", folder]
        command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
        environment = os.environ | {"PIP_BUILD_CONSTRAINT": str(constraint)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603
        downloaded = Path(folder, archive.filename)
        if done.returncode or not downloaded.exists():
            raise PackRefused(
                f"pip could not download {archive.package} {archive.version}; {archive.filename} may also be put into "
                f"{cache} by hand. pip said:\n{done.stdout[-500:]}{done.stderr[-2000:]}"
            )
        downloaded.replace(cache / archive.filename)


def _read_zip(path: Path, wanted: set[str]) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in wanted & set(archive.namelist())}


def _read_tar(path: Path, wanted: set[str]) -> dict[str, bytes]:
    contents = {}
    with tarfile.open(path) as archive:
        for member in archive:
            opened = archive.extractfile(member) if member.name in wanted else None
            if opened is not None:
                contents[member.name] = opened.read()
            if wanted <= contents.keys():
                break  # the rest of 100 MB is not needed
    return contents
