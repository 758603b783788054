"""Loading a pack: what it declares is what is used, and what differs is refused."""

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chalicelib.domain.errors import PackRefused
from chalicelib.vision.embedder import Embedder
from chalicelib.vision.pack import Pack, load_pack
from chalicelib.vision.pipeline import Pipeline
from layers.packs.derive import derive_pack
from layers.packs.graph import GraphWriter

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def copy(pack: Pack, tmp_path: Path) -> Path:
    """A pack that a test may damage, if it replaces files and writes into none."""
    return derive_pack(pack.directory, tmp_path / "copy", "copy", pack.thresholds).directory


def edit(folder: Path, change: Edit) -> None:
    path = folder / "pack.json"
    declaration = json.loads(path.read_text())
    change(declaration)
    path.unlink()
    path.write_text(json.dumps(declaration))


def test_the_pack_declares_sizes_thresholds_and_licences(pack: Pack) -> None:
    assert (pack.embedder.size, pack.embedder.dimension) == (150, 128)
    assert pack.alignment.padding == 0.25
    assert not pack.thresholds.provisional
    assert pack.thresholds.rivals is not None
    assert set(pack.licences.values()) == {"CC0-1.0", "MIT"}


def test_the_model_id_names_the_pack_and_its_content(pack: Pack, copy: Path) -> None:
    before = load_pack(copy).model_id
    edit(copy, lambda declaration: declaration["thresholds"]["plain"].update(margin=0.5))
    assert pack.model_id.startswith("pypi-")
    assert len(pack.model_id) == len("pypi-") + 12
    assert load_pack(copy).model_id != before


def test_the_model_id_does_not_depend_on_spacing_or_key_order(copy: Path) -> None:
    before = load_pack(copy).model_id
    edit(copy, lambda declaration: declaration.update(name=declaration.pop("name")))
    assert load_pack(copy).model_id == before


def test_a_missing_file_is_refused(copy: Path) -> None:
    (copy / "onet.onnx").unlink()
    with pytest.raises(PackRefused, match=r"onet\.onnx is missing"):
        load_pack(copy)


def test_a_missing_pack_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PackRefused, match="make pack"):
        load_pack(tmp_path)


def test_one_changed_byte_is_refused(copy: Path) -> None:
    content = bytearray((copy / "embedder.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "embedder.onnx").unlink()
    (copy / "embedder.onnx").write_bytes(content)
    with pytest.raises(PackRefused, match=r"embedder\.onnx: expected sha256 .* found"):
        load_pack(copy)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.update(format=2), "format 2 is not known"),
        (lambda d: d.pop("format"), "format None is not known"),
        (lambda d: d.pop("files"), "declares no files"),
        (lambda d: d.pop("embedder"), "KeyError: 'embedder'"),
        (lambda d: d["detector"].update(type="haar"), "type 'haar' is not known"),
        (lambda d: d["thresholds"]["plain"].update(margin=-1), "a margin outside 0 to 1"),
        (
            lambda d: d["thresholds"]["plain"]["review"].update({"2": {"30": 0.99, "120": 0.99}}),
            "review <= accept",
        ),
        (lambda d: d["thresholds"].pop("rivals"), "declared together"),
        (lambda d: d["detector"].update(pyramid_factor=1), "pyramid_factor outside"),
        (lambda d: d["detector"].update(channels="BGR"), "channels 'BGR' is not known, expected 'RGB'"),
        (lambda d: d["landmarks"].update(type="guess"), "type 'guess' is not known"),
        (lambda d: d["alignment"].update(fit="by eye"), "fit 'by eye' is not known"),
        (lambda d: d["alignment"].pop("fit"), "KeyError: 'fit'"),
        (lambda d: d["alignment"]["template"].pop(), "a template of 4 points"),
        (
            lambda d: d["embedder"].update(channels="GBR"),
            "channels 'GBR' is not known, expected 'RGB' or 'BGR'",
        ),
        (lambda d: d["embedder"].update(normalisation="usual"), "normalisation 'usual' is not known"),
        (lambda d: d["embedder"].update(mirrored="no"), "mirrored 'no' is neither"),
        (lambda d: d["embedder"].pop("mirrored"), "KeyError: 'mirrored'"),
        (lambda d: d["thresholds"]["plain"]["accept"].pop("1"), "begin with one enrolment"),
        (lambda d: d["files"].update({"../secret": {"sha256": "0"}}), "not a plain file name"),
        (lambda d: d["embedder"].update(file="unverified.onnx"), "'unverified.onnx' is not among its files"),
        (lambda d: d["embedder"].update(file=[]), "unhashable"),
        *[
            (lambda d, key=key, value=value: d["embedder"].update({key: value}), f"ValueError: {key} ")
            for key in ("size", "dimension")
            for value in (0, -150, 150.5, math.inf, math.nan, 10**400, "150", True, None)
        ],
        *[
            (lambda d, value=value: d["embedder"].update(scale=value), "ValueError: scale ")
            for value in (0, -0.1, math.inf, math.nan, 10**400, "1")
        ],
        *[
            (lambda d, value=value: d["embedder"].update(mean=[100, value, 100]), "ValueError: mean ")
            for value in (-1, 256, math.inf, math.nan, "1")
        ],
        (lambda d: d["embedder"].update(mean=[100, 100]), "ValueError: mean "),
        (lambda d: d["embedder"].update(normalisation="none", scale=0), "ValueError: scale "),
        *[
            (lambda d, value=value: d["alignment"].update(padding=value), "ValueError: padding ")
            for value in (-0.1, math.inf, math.nan, 10**400, "0")
        ],
        *[
            (
                lambda d, value=value: d["alignment"]["template"][1].__setitem__(0, value),
                "ValueError: template ",
            )
            for value in (math.inf, math.nan, 10**400, 38.3, "0")
        ],
        (lambda d: d["alignment"]["template"][2].append(0.5), "too many values"),
        (lambda d: d["alignment"].update(template=[[0.5, 0.5]] * 5), "points that coincide"),
        (
            lambda d: d["alignment"]["template"].__setitem__(3, d["alignment"]["template"][0]),
            "points that coincide",
        ),
        (lambda d: d["files"].update({"..": {"sha256": "0"}}), "'..', which cannot be read"),
        (lambda d: d["files"].update({"a\0b": {"sha256": "0"}}), "which cannot be read"),
        (lambda d: d["files"].update({"\ud800": {"sha256": "0"}}), "which cannot be read"),
        (lambda d: d["files"].update({"a" * 5_000: {"sha256": "0"}}), "which cannot be read"),
    ],
)
def test_a_declaration_that_is_not_understood_is_refused(copy: Path, change: Edit, reason: str) -> None:
    edit(copy, change)
    with pytest.raises(PackRefused, match=reason):
        load_pack(copy)


@pytest.mark.parametrize("text", ["{", "[" * 200_000], ids=["cut off", "nested without end"])
def test_a_declaration_that_is_not_json_is_refused(copy: Path, text: str) -> None:
    (copy / "pack.json").unlink()
    (copy / "pack.json").write_text(text)
    with pytest.raises(PackRefused, match="not JSON"):
        load_pack(copy)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("dimension", 127, r"embedder\.onnx: .*128.*127"),
        ("dimension", 512, r"embedder\.onnx: .*128.*512"),
        ("size", 112, r"embedder\.onnx: .*150.*112"),
    ],
)
def test_an_embedder_that_is_not_as_declared_is_refused_before_a_face_is_met(
    copy: Path, key: str, value: int, said: str
) -> None:
    edit(copy, lambda declaration: declaration["embedder"].update({key: value}))
    pipeline = Pipeline(load_pack(copy))
    with pytest.raises(PackRefused, match=said):
        pipeline.look(np.full((64, 64, 3), 128, np.uint8))


def with_embedder(copy: Path, content: bytes, size: int, dimension: int) -> Pack:
    (copy / "embedder.onnx").unlink()
    (copy / "embedder.onnx").write_bytes(content)

    def change(declaration: dict[str, Any]) -> None:
        declaration["files"]["embedder.onnx"]["sha256"] = hashlib.sha256(content).hexdigest()
        declaration["embedder"].update(size=size, dimension=dimension)

    edit(copy, change)
    return load_pack(copy)


def test_an_embedder_may_take_any_size_and_not_give_any_dimension(copy: Path) -> None:
    """The average of each channel is three values of every picture; all its pixels are as many as there are."""
    picture = np.full((64, 64, 3), 128, np.uint8)
    graph = GraphWriter("averages", ("n", 3, "h", "w"))
    average = graph.node("Flatten", graph.node("GlobalAveragePool", "input"))
    Pipeline(with_embedder(copy, graph.finish(embedding=(average, ("n", 3))), 96, 3)).look(picture)
    graph = GraphWriter("pixels", ("n", 3, "h", "w"))
    pixels = graph.finish(embedding=(graph.node("Flatten", "input"), ("n", "d")))
    with pytest.raises(PackRefused, match=r"embedder\.onnx: .*'d'.*192"):
        Pipeline(with_embedder(copy, pixels, 8, 192)).look(picture)


def test_an_embedder_whose_values_have_other_names_is_refused(copy: Path) -> None:
    graph = GraphWriter("averages", ("n", 3, 96, 96))
    average = graph.node("Flatten", graph.node("GlobalAveragePool", "input"))
    pack = with_embedder(copy, graph.finish(features=(average, ("n", 3))), 96, 3)
    with pytest.raises(PackRefused, match=r"embedder\.onnx: "):
        Embedder(pack)
