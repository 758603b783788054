"""A pack with the files of another one and thresholds of its own: for a demo, or for a site that calibrated."""

import os
import shutil
import tempfile
from pathlib import Path

from chalicelib.domain.errors import PackRefused
from chalicelib.vision.pack import (
    DECLARATION,
    Pack,
    Thresholds,
    load_pack,
    read_declaration,
    write_declaration,
)
from layers.packs.build import replace_folder


def derive_pack(source: Path, into: Path, name: str, thresholds: Thresholds) -> Pack:
    """The verified pack `into`: the files of `source`, hard-linked where the disk allows it, under another model id.

    What stood at `into` is replaced. Raises PackRefused if `source` is not what its pack.json declares.
    """
    load_pack(source)
    if into.resolve() == source.resolve():
        raise PackRefused(f"{into}: a pack cannot be derived from itself in place")
    if into.exists() and not (into / DECLARATION).is_file():
        raise PackRefused(f"{into} is there and is no pack: choose another place")
    declaration = read_declaration(source)
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=f".{into.name}-") as folder:
        fresh = Path(folder, "pack")
        fresh.mkdir()
        for file in declaration["files"]:
            _link_or_copy(source / file, fresh / file)
        derived = {**declaration, "name": name, "thresholds": thresholds.as_json()}
        (fresh / DECLARATION).write_text(write_declaration(derived), encoding="utf-8")
        load_pack(fresh)  # what stands there goes only for a pack that can be read
        replace_folder(fresh, into, Path(folder, "old"))
    return load_pack(into)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without hard links
        shutil.copyfile(source, target)
