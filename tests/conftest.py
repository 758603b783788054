"""What every test may ask for."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader

BUILD = Path(__file__).resolve().parents[1] / "build"


@pytest.fixture(scope="session")
def pack_dir() -> Path:
    """The pack `pypi`, built on first use; workers that ask at the same time wait for one of them."""
    from layers.packs import pypi
    from layers.packs.build import build

    return build(pypi.RECIPE, BUILD / "packs" / "pypi", BUILD / "sources")


@pytest.fixture(scope="session")
def heads_pack(pack_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same pack with the thresholds of the demo's procedural students."""
    from infra.demo.thresholds import demo_thresholds
    from layers.packs.derive import derive_pack

    folder = tmp_path_factory.mktemp("packs") / "heads"
    derive_pack(pack_dir, folder, "heads", demo_thresholds())
    return folder


_load_file = JSONFileLoader.load_file


@cache
def _service_description(path: str) -> Any:
    return _load_file(JSONFileLoader(), path)


# Every test makes AWS clients of its own, and each would read a megabyte of descriptions anew: half a second.
JSONFileLoader.load_file = lambda _, path: _service_description(path)
