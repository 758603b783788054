"""Other people's nets made fit for a pack: names, any size, fewer steps, the same values."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from chalicelib.domain.errors import PackRefused
from layers.packs.__main__ import main
from layers.packs.onnx_edit import adapt, streamline

FILTERS = np.random.default_rng(2).normal(size=(4, 3, 3, 3)).astype(np.float32)
BIAS = np.arange(4, dtype=np.float32).reshape(1, 4, 1, 1)
SLOPES = np.array([0.1, 0.2, 0.3, 0.4], np.float32).reshape(4, 1, 1)
PICTURES = np.random.default_rng(3).normal(size=(2, 3, 6, 6)).astype(np.float32)


def net(*, slopes: np.ndarray = SLOPES, added: np.ndarray = BIAS, twice: bool = False) -> bytes:
    """Convolution, bias, PReLU; `twice`: the convolution's values are added to the end once more."""
    nodes = [
        helper.make_node("Conv", ["data", "filters"], ["conv"], pads=[1] * 4),
        helper.make_node("Add", ["conv", "bias"], ["sum"]),
        helper.make_node("PRelu", ["sum", "slopes"], ["fc1" if not twice else "active"]),
    ]
    if twice:
        nodes.append(helper.make_node("Add", ["active", "conv"], ["fc1"]))
    constants = {"filters": FILTERS, "bias": added, "slopes": slopes}
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, (1, 3, 6, 6))],
        [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, (1, 4, 6, 6))],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opset = helper.make_opsetid("", 13)
    return helper.make_model(graph, ir_version=8, opset_imports=[opset]).SerializeToString()


def adapted(content: bytes) -> bytes:
    return adapt(content, ("n", 3, "h", "w"), {"embedding": ("n", 4, "h", "w")})


def run(content: bytes, name: str, pictures: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {name: pictures})[0])


def operators(content: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_model_from_string(content).graph.node]


def test_an_adapted_net_takes_any_number_of_pictures_and_gives_the_same() -> None:
    expected = np.concatenate([run(net(), "data", each[None]) for each in PICTURES])
    np.testing.assert_allclose(run(adapted(net()), "input", PICTURES), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (net(), ["Conv", "PRelu"]),  # a slope for each channel: no LeakyReLU
        (net(slopes=np.full((1, 1, 1), -2.5, np.float32)), ["Conv", "LeakyRelu"]),
        (
            net(added=BIAS[..., :1].repeat(6, axis=3)),
            ["Conv", "Add", "PRelu"],
        ),  # differs along the row: no bias
        (net(added=BIAS[:, :1]), ["Conv", "Add", "PRelu"]),  # one for all channels
        (net(twice=True), ["Conv", "Add", "PRelu", "Add"]),  # the convolution has another reader
    ],
)
def test_a_streamlined_net_gives_the_same(content: bytes, left: list[str]) -> None:
    fast = streamline(adapted(content))
    assert operators(fast) == left
    np.testing.assert_allclose(
        run(fast, "input", PICTURES), run(adapted(content), "input", PICTURES), atol=1e-5
    )


def test_a_net_with_other_inputs_or_outputs_is_refused() -> None:
    with pytest.raises(PackRefused, match="1 input and 2 outputs is wanted"):
        adapt(net(), ("n", 3, 6, 6), {"boxes": ("n", 4), "scores": ("n",)})


def test_the_command_adapts_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.onnx").write_bytes(net())
    files = [str(tmp_path / "own.onnx"), str(tmp_path / "embedder.onnx")]
    assert main(["adapt", *files, "--input", "n,3,h,w", "--output", "embedding=n,4,h,w"]) == 0
    assert (tmp_path / "embedder.onnx").read_bytes() == streamline(adapted(net()))
    assert "sha256" in capsys.readouterr().out
    assert main(["adapt", *files, "--input", "n,3,h,w", "--output", "a=n", "--output", "b=n"]) == 1


def wrongly_shaped() -> bytes:
    """A convolution of a row of numbers."""
    model = onnx.load_model_from_string(net())
    del model.graph.initializer[0].dims[2:]
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    "content",
    [b"", b"junk", b"junk" * 1_000, net()[:400], net()[:-1], wrongly_shaped()],
    ids=["empty", "text", "long text", "half", "cut off", "of no sense"],
)
def test_what_is_no_net_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "junk.onnx").write_bytes(content)
    files = [str(tmp_path / "junk.onnx"), str(tmp_path / "out.onnx")]
    assert main(["adapt", *files, "--input", "n,3,h,w", "--output", "embedding=n,4,h,w"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("refused   ")
    assert not (tmp_path / "out.onnx").exists()


@pytest.mark.parametrize(
    ("source", "target", "taken", "said"),
    [
        ("nowhere.onnx", "out.onnx", "n,3,h,w", "argument net: "),
        (".", "out.onnx", "n,3,h,w", "argument net: "),
        ("own.onnx", "nowhere/out.onnx", "n,3,h,w", "argument out: "),
        ("own.onnx", ".", "n,3,h,w", "argument out: "),
        ("own.onnx", "out.onnx", "n,,h,w", "argument --input: "),
        ("own.onnx", "out.onnx", "n,0,h,w", "argument --input: "),
        ("own.onnx", "out.onnx", "n,99999999999999999999,h,w", "argument --input: "),
        ("own.onnx", "out.onnx", "", "argument --input: "),
    ],
)
def test_a_wrong_call_is_told_as_one(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
    target: str,
    taken: str,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.onnx").write_bytes(net())
    with pytest.raises(SystemExit, match="2"):
        main(["adapt", source, target, "--input", taken, "--output", "embedding=n,4,h,w"])
    assert said in capsys.readouterr().err.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["own.onnx"]
