"""`python -m layers.packs build NAME [--into FOLDER]` builds a pack; `… adapt NET.onnx OUT.onnx --input n,3,112,112
--output embedding=n,512` makes a net of your own fit for one. Exit codes: 0 done, 1 refused, 2 wrong usage.
"""

import argparse
import importlib
import sys
from pathlib import Path

from chalicelib.domain.errors import PackRefused
from layers.packs.build import build
from layers.packs.hashes import sha256_of
from layers.packs.onnx_edit import Shape, adapt, streamline
from layers.packs.recipe import Recipe

_BUILD = Path(__file__).resolve().parents[2] / "build"
_LARGEST_SIZE = 65536
_MODULES = {
    "pypi": "layers.packs.pypi",
    "pypi-float": "layers.packs.pypi_float",
    "yunet-reid0095": "layers.packs.yunet_reid0095",
}  # name of the pack → module that declares its RECIPE


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    try:
        {"build": _build, "adapt": _adapt}[asked.command](asked)
    except PackRefused as error:
        print(f"refused   {error}", file=sys.stderr)
        return 1
    return 0


def recipe_of(name: str) -> Recipe:
    recipe: Recipe = importlib.import_module(_MODULES[name]).RECIPE
    return recipe


def _build(asked: argparse.Namespace) -> None:
    build(recipe_of(asked.name), asked.into or _BUILD / "packs" / asked.name, asked.cache, _say)


def _adapt(asked: argparse.Namespace) -> None:
    content = streamline(adapt(asked.net.read_bytes(), asked.input, dict(asked.output)))
    asked.out.write_bytes(content)
    _say(f"written   {asked.out}  sha256 {sha256_of(content)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m layers.packs", description="Builds model packs.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="fetch, verify and convert the weights of a pack")
    command.add_argument("name", choices=sorted(_MODULES))
    command.add_argument("--into", type=Path, help="the pack's folder (build/packs/NAME)")
    command.add_argument("--cache", type=Path, default=_BUILD / "sources", help="where downloads are kept")
    command = commands.add_parser(
        "adapt", help="name an ONNX net's input and outputs, and let their sizes vary"
    )
    command.add_argument("net", type=_file)
    command.add_argument("out", type=_new_file)
    command.add_argument("--input", type=_shape, required=True, metavar="SHAPE", help="such as n,3,112,112")
    command.add_argument(
        "--output",
        type=_named_shape,
        action="append",
        required=True,
        metavar="NAME=SHAPE",
        help="in their order",
    )
    return parser


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is no file")
    return Path(text)


def _new_file(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no file in a folder that is there")
    return path


def _shape(text: str) -> Shape:
    shape = tuple(int(size) if size.isdecimal() else size for size in text.split(","))
    if any(not size or (isinstance(size, int) and size > _LARGEST_SIZE) for size in shape):
        raise argparse.ArgumentTypeError(f"{text!r} is no shape such as n,3,112,112")
    return shape


def _named_shape(text: str) -> tuple[str, Shape]:
    name, separator, shape = text.partition("=")
    if not (name and separator and shape):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=SHAPE")
    return name, _shape(shape)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
