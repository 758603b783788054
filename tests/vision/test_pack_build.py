"""Building a pack: all or nothing, the same bytes every time, refused where a byte differs."""

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.domain.errors import PackRefused
from chalicelib.vision.pack import load_pack
from infra.demo.thresholds import demo_thresholds
from layers.packs import pypi
from layers.packs.__main__ import main
from layers.packs.build import build
from layers.packs.derive import derive_pack
from layers.packs.recipe import Output, Recipe
from layers.packs.sources import Archive, SourceFile

WEIGHTS = b"the weights"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A folder of downloads with one small wheel."""
    folder = tmp_path / "sources"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny/weights.bin", WEIGHTS)
    return folder


@pytest.fixture
def recipe(cache: Path) -> Recipe:
    wheel = cache / "tiny-1.0-py3-none-any.whl"
    archive = Archive("tiny", "1.0", wheel.name, hashlib.sha256(wheel.read_bytes()).hexdigest())
    source = SourceFile(archive, "tiny/weights.bin", hashlib.sha256(WEIGHTS).hexdigest(), "CC0-1.0")
    used = ("pnet.onnx", "rnet.onnx", "onet.onnx", "landmarks.npz", "embedder.onnx")
    return Recipe(
        "tiny", "1", pypi.RECIPE.settings, tuple(Output(name, (source,), bytes.upper) for name in used)
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def visible(folder: Path) -> set[str]:
    """What a failed build left, besides its lock."""
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


def test_a_pack_says_where_each_file_comes_from(recipe: Recipe, cache: Path, tmp_path: Path) -> None:
    pack = load_pack(build(recipe, tmp_path / "tiny", cache))
    assert contents(pack.directory)["pnet.onnx"] == b"THE WEIGHTS"
    assert b'"file": "tiny/weights.bin"' in contents(pack.directory)["pack.json"]


def test_the_same_sources_give_the_same_bytes(pack_dir: Path, tmp_path: Path) -> None:
    again = build(pypi.RECIPE, tmp_path / "again", pack_dir.parents[1] / "sources")
    assert contents(again) == contents(pack_dir)


def test_a_second_build_verifies_and_writes_nothing(recipe: Recipe, cache: Path, tmp_path: Path) -> None:
    folder = build(recipe, tmp_path / "tiny", cache)
    before = {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]}
    said: list[str] = []
    build(recipe, folder, tmp_path / "no downloads needed", said.append)
    assert {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]} == before
    assert "nothing to build" in said[0]


def test_a_pack_of_another_recipe_is_built_again(recipe: Recipe, cache: Path, tmp_path: Path) -> None:
    folder = build(recipe, tmp_path / "tiny", cache)
    build(replace(recipe, version="2"), folder, cache)
    assert load_pack(folder).version == "2"


def test_a_changed_byte_of_a_built_file_is_refused(recipe: Recipe, cache: Path, tmp_path: Path) -> None:
    folder = build(recipe, tmp_path / "tiny", cache)
    (folder / "pnet.onnx").write_bytes(b"THE WEIGHTs")
    with pytest.raises(PackRefused, match=r"pnet\.onnx: expected sha256 [0-9a-f]{64}, found [0-9a-f]{64}"):
        build(recipe, folder, cache)


def test_a_changed_byte_of_a_download_is_refused_and_nothing_is_left(
    recipe: Recipe, cache: Path, tmp_path: Path
) -> None:
    wheel = cache / "tiny-1.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes().replace(b"weights.bin", b"weights.bim"))
    with pytest.raises(PackRefused, match=r"tiny-1\.0.*expected sha256 [0-9a-f]{64}, found [0-9a-f]{64}"):
        build(recipe, tmp_path / "into" / "tiny", cache)
    assert visible(tmp_path / "into") == set()


def test_a_changed_source_file_is_refused_and_nothing_is_left(
    recipe: Recipe, cache: Path, tmp_path: Path
) -> None:
    first, *_ = recipe.outputs
    other = replace(first, sources=(replace(first.sources[0], sha256="0" * 64),))
    with pytest.raises(PackRefused, match=r"tiny/weights\.bin: expected sha256 0{64}, found"):
        build(replace(recipe, outputs=(other,)), tmp_path / "into" / "tiny", cache)
    assert visible(tmp_path / "into") == set()


def test_a_conversion_that_fails_leaves_the_pack_that_was_there(
    recipe: Recipe, cache: Path, tmp_path: Path
) -> None:
    def fail(_content: bytes) -> bytes:
        raise ZeroDivisionError

    folder = build(recipe, tmp_path / "into" / "tiny", cache)
    before = contents(folder)
    failing = replace(
        recipe, version="2", outputs=(*recipe.outputs, replace(recipe.outputs[0], convert=fail))
    )
    with pytest.raises(ZeroDivisionError):
        build(failing, folder, cache)
    assert contents(folder) == before
    assert visible(tmp_path / "into") == {"tiny"}


def test_the_command_answers_0_when_the_pack_is_good_and_1_when_it_is_refused(
    pack_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = derive_pack(pack_dir, tmp_path / "copy", "pypi", load_pack(pack_dir).thresholds).directory
    assert main(["build", "pypi", "--into", str(folder)]) == 0
    (folder / "pnet.onnx").unlink()
    (folder / "pnet.onnx").write_bytes(b"")
    assert main(["build", "pypi", "--into", str(folder)]) == 1
    assert "pnet.onnx: expected sha256" in capsys.readouterr().err


def test_a_derived_pack_has_the_same_files_other_thresholds_and_another_model_id(
    recipe: Recipe, cache: Path, tmp_path: Path
) -> None:
    source = load_pack(build(recipe, tmp_path / "tiny", cache))
    strict = demo_thresholds()
    derived = derive_pack(source.directory, tmp_path / "strict", "strict", strict)
    assert derived.thresholds == strict
    assert derived.model_id.startswith("strict-")
    assert derived.model_id[-12:] != source.model_id[-12:]
    assert contents(derived.directory)["pnet.onnx"] == contents(source.directory)["pnet.onnx"]


def test_a_pack_is_not_derived_from_a_changed_one(recipe: Recipe, cache: Path, tmp_path: Path) -> None:
    source = build(recipe, tmp_path / "tiny", cache)
    (source / "pnet.onnx").write_bytes(b"")
    with pytest.raises(PackRefused, match=r"pnet\.onnx"):
        derive_pack(source, tmp_path / "derived", "derived", demo_thresholds())
    assert not (tmp_path / "derived").exists()


def test_a_download_that_fails_is_refused_with_what_to_do(
    recipe: Recipe, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # pip answers at once, without the network
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    (cache / "tiny-1.0-py3-none-any.whl").unlink()
    with pytest.raises(PackRefused, match=r"tiny-1\.0-py3-none-any\.whl may also be put into"):
        build(recipe, tmp_path / "into" / "tiny", cache)
    assert visible(tmp_path / "into") == set()
    assert visible(cache) == set()
