"""Builds a pack from its recipe: all of it or nothing, the same bytes every time."""

import fcntl
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chalicelib.domain.errors import PackRefused
from chalicelib.vision.pack import DECLARATION, load_pack, read_declaration, write_declaration
from layers.packs.downloads import ModelFile, at_hand, read_model
from layers.packs.hashes import sha256_of
from layers.packs.recipe import Recipe, Source
from layers.packs.sources import Archive, SourceFile, fetch, read_members

Say = Callable[[str], None]


def build(recipe: Recipe, into: Path, cache: Path, say: Say = print) -> Path:
    """The built and verified pack `into`; at once if it is there already. `cache` keeps the downloaded archives.

    Raises PackRefused if a source, or a file that was built before, is not what is declared. Builders that run at the
    same time wait for each other.
    """
    into.parent.mkdir(parents=True, exist_ok=True)
    with _alone(into):
        if into.exists() and _is_current(recipe, into, say):
            return into
        chosen = _buildable(recipe, cache, say)
        contents = _read_sources(chosen, cache, say)
        with tempfile.TemporaryDirectory(dir=into.parent, prefix=f".{into.name}-") as folder:
            fresh = Path(folder, "pack")
            fresh.mkdir()
            _write_files(chosen, contents, fresh, say)
            pack = load_pack(fresh)
            replace_folder(fresh, into, Path(folder, "old"))
        say(f"built     {into}  {pack.model_id}")
    return into


def replace_folder(fresh: Path, target: Path, aside: Path) -> None:
    """Puts `fresh` in the place of `target` by renaming; what stood there goes `aside`."""
    if target.exists():
        target.rename(aside)
    fresh.rename(target)


def _is_current(recipe: Recipe, into: Path, say: Say) -> bool:
    started = time.perf_counter()
    try:
        if _without_results(read_declaration(into)) not in [each.declaration() for each in recipe.variants()]:
            say(f"stale     {into} was built by another recipe: building again")
            return False
        pack = load_pack(into)
    except PackRefused as error:
        raise PackRefused(f"{error}\nThe built pack was changed; remove {into} to build it again.") from error
    say(f"verified  {into}  {pack.model_id}  {time.perf_counter() - started:.2f} s, nothing to build")
    return True


def _without_results(declaration: Mapping[str, Any]) -> dict[str, Any]:
    files = {name: {"sources": declared.get("sources")} for name, declared in declaration["files"].items()}
    return {**declaration, "files": files}


def _buildable(recipe: Recipe, cache: Path, say: Say) -> Recipe:
    """The first variant whose files are at hand or on PyPI; else the last one, whose files have URLs."""
    *preferred, last = recipe.variants()
    for each in preferred:
        files = [source for source in each.sources() if isinstance(source, ModelFile)]
        missing = [file.filename for file in files if not file.url and at_hand(file, cache) is None]
        if not missing:
            return each
        say(
            f"missing   {', '.join(missing)}: not in the folder that ROLLCALL_MODELS names; trying other sources"
        )
    return last


def _read_sources(recipe: Recipe, cache: Path, say: Say) -> dict[Source, bytes]:
    by_archive: dict[Archive, list[SourceFile]] = {}
    contents: dict[Source, bytes] = {}
    for source in recipe.sources():
        if isinstance(source, SourceFile):
            by_archive.setdefault(source.archive, []).append(source)
        else:
            contents[source] = _read_file(source, cache, say)
    for archive, files in by_archive.items():
        started = time.perf_counter()
        had = (cache / archive.filename).exists()
        path = fetch(archive, cache)
        for file, content in read_members(path, files).items():
            contents[file] = content
        say(_line(f"{_verb(had)}  {archive.filename}", path.stat().st_size, time.perf_counter() - started))
    return contents


def _read_file(file: ModelFile, cache: Path, say: Say) -> bytes:
    started = time.perf_counter()
    had = at_hand(file, cache) is not None
    content = read_model(file, cache, say)
    say(_line(f"{_verb(had)}  {file.filename}", len(content), time.perf_counter() - started))
    return content


def _write_files(recipe: Recipe, contents: Mapping[Source, bytes], folder: Path, say: Say) -> None:
    declaration = recipe.declaration()
    for output in recipe.outputs:
        started = time.perf_counter()
        written = output.convert(*(contents[source] for source in output.sources))
        (folder / output.name).write_bytes(written)
        declared = declaration["files"][output.name]
        declaration["files"][output.name] = {"sha256": sha256_of(written), "bytes": len(written), **declared}
        say(_line(f"converted {output.name}", len(written), time.perf_counter() - started))
    (folder / DECLARATION).write_text(write_declaration(declaration), encoding="utf-8")


def _verb(had: bool) -> str:
    return "checked " if had else "fetched "


def _line(what: str, size: int, seconds: float) -> str:
    return f"{what:<50} {size / 1e6:8.2f} MB {seconds:6.2f} s"


@contextmanager
def _alone(into: Path) -> Iterator[None]:
    """Holds the lock beside `into`."""
    with (into.parent / f".{into.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
