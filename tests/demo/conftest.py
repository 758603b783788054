"""The real pipeline, with the thresholds of the demo's pack."""

from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.vision.pack import load_pack
from chalicelib.vision.recogniser import Recogniser
from infra.demo.thresholds import demo_thresholds

PACK = Path(__file__).parents[2] / "build/packs/pypi"


@pytest.fixture(scope="session")
def pack_directory() -> Path:
    if not (PACK / "pack.json").exists():
        pytest.skip("The model pack is not built (make pack).")
    return PACK


@pytest.fixture(scope="session")
def recogniser(pack_directory: Path) -> Recogniser:
    return Recogniser(replace(load_pack(pack_directory), thresholds=demo_thresholds()))
