"""Imports run one way, and importing the app does no work that an event may not need."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"chalicelib", "training", "infra", "layers", "tests", "app"}

# What each layer may import of ours. wiring alone sees both sides.
ALLOWED = {
    "domain": {"domain"},
    "services": {"services", "domain"},
    "vision": {"vision", "domain"},
    "adapters": {"adapters", "domain", "services.ports", "settings"},
    "api": {"api", "services", "domain", "wiring", "settings", "observability"},
    "events": {"events", "services", "domain", "wiring", "settings", "observability"},
    "settings": set(),
    "observability": set(),
    "wiring": {"services", "domain", "settings", "observability", "adapters", "vision"},
}


def modules() -> list[Path]:
    return sorted((ROOT / "chalicelib").rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            yield from (
                (f"{module}.{alias.name}" for alias in node.names) if module == "chalicelib" else (module,)
            )


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    layer = path.relative_to(ROOT / "chalicelib").with_suffix("").parts[0]
    if layer == "__init__":
        return
    for name in imported(path):
        if name.split(".")[0] not in OURS:
            continue
        assert name.startswith("chalicelib."), f"{path} imports {name}"
        inner = name.removeprefix("chalicelib.")
        allowed = ALLOWED[layer]
        assert any(inner == entry or inner.startswith(f"{entry}.") for entry in allowed), (
            f"{path} imports {name}"
        )


def test_the_domain_needs_the_standard_library_only() -> None:
    for path in (ROOT / "chalicelib" / "domain").glob("*.py"):
        for name in imported(path):
            root = name.split(".")[0]
            assert root in sys.stdlib_module_names or name.startswith("chalicelib.domain"), f"{path}: {name}"


def test_only_settings_reads_the_environment() -> None:
    for path in modules():
        if path.name == "settings.py":
            continue
        text = path.read_text()
        if (
            "vision" in path.parts
        ):  # OpenCV takes two of its limits from the environment alone: they are set there
            assert "os.getenv" not in text
            continue
        assert "environ" not in text, path


def test_importing_the_app_loads_nothing_heavy() -> None:
    heavy = ("numpy", "cv2", "onnxruntime", "pynamodb", "boto3", "jwt", "cryptography")
    program = f"import app, sys; print([name for name in {heavy} if name in sys.modules])"
    environment = {"PATH": "", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_nothing_scans_a_table() -> None:
    for path in modules():
        assert ".scan(" not in path.read_text(), path
