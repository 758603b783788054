"""training/Dockerfile, as far as it can be read: no image is built here."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from chalicelib.adapters.training_jobs import ENTRY_POINT

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "training" / "Dockerfile").read_text()
IGNORED = (ROOT / "training" / "Dockerfile.dockerignore").read_text().splitlines()
COPIED = dict(re.findall(r"^COPY (\S+) (\S+)$", DOCKERFILE, re.MULTILINE))
PACK = "build/packs/pypi"


def test_what_is_copied_is_in_the_repository_or_made_by_make_pack() -> None:
    assert PACK in COPIED
    for source in set(COPIED) - {PACK}:
        assert (ROOT / source).exists(), source
    assert "PACK   ?= pypi" in (ROOT / "Makefile").read_text()


def test_the_builder_is_sent_what_is_copied_and_nothing_else() -> None:
    assert IGNORED[1] == "*"
    let_through = {line[1:] for line in IGNORED if line.startswith("!")}
    assert let_through == {
        path for path in COPIED if not any(Path(other) in Path(path).parents for other in COPIED)
    }


def test_the_job_starts_as_the_service_says() -> None:
    assert json.loads(DOCKERFILE.rpartition("ENTRYPOINT")[2]) == ENTRY_POINT


def test_the_job_knows_where_the_pack_is() -> None:
    assert f"ROLLCALL_PACK_DIR={COPIED[PACK]}\n" in DOCKERFILE


def test_all_that_the_job_imports_is_in_the_image() -> None:
    installed = {
        re.split(r"[=\[]", line)[0].lower()
        for source in COPIED
        if source.endswith("requirements.txt")
        for line in (ROOT / source).read_text().splitlines()
        if line and not line.startswith("#")
    }
    names = packages_distributions()
    for module, path in closure(ROOT / "training" / "retrain.py"):
        root = module.partition(".")[0]
        if root in sys.stdlib_module_names or root in COPIED:
            continue
        assert {name.lower() for name in names.get(root, [root])} & installed, f"{path} imports {module}"


def test_every_version_in_the_image_is_pinned() -> None:
    assert "--constraint constraints.txt" in DOCKERFILE
    assert re.search(r"^FROM python:3\.11-\S+$", DOCKERFILE, re.MULTILINE)


def closure(start: Path) -> Iterator[tuple[str, Path]]:
    """Every module that is imported, and where, by the file and by whatever of ours it imports."""
    waiting, seen = [start], {start}
    while waiting:
        path = waiting.pop()
        for module in imported(path):
            yield module, path
            for inner in (
                ROOT / f"{module.replace('.', '/')}.py",
                ROOT / module.replace(".", "/") / "__init__.py",
            ):
                if inner.exists() and inner not in seen:
                    seen.add(inner)
                    waiting.append(inner)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
