"""What every test may ask for."""

from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[1] / "build"


@pytest.fixture(scope="session")
def pack_dir() -> Path:
    """The pack `pypi`, built on first use; workers that ask at the same time wait for one of them."""
    from layers.packs import pypi
    from layers.packs.build import build

    return build(pypi.RECIPE, BUILD / "packs" / "pypi", BUILD / "sources")
