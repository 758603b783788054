"""`python -m layers.packs build NAME [--into FOLDER]`. Exit codes: 0 built or verified, 1 refused, 2 wrong usage."""

import argparse
import importlib
import sys
from pathlib import Path

from chalicelib.domain.errors import PackRefused
from layers.packs.build import build
from layers.packs.recipe import Recipe

_BUILD = Path(__file__).resolve().parents[2] / "build"
_MODULES = {
    "pypi": "layers.packs.pypi",
    "yunet-reid0095": "layers.packs.yunet_reid0095",
}  # name of the pack → module that declares its RECIPE


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    try:
        build(recipe_of(asked.name), asked.into or _BUILD / "packs" / asked.name, asked.cache, _say)
    except PackRefused as error:
        print(f"refused   {error}", file=sys.stderr)
        return 1
    return 0


def recipe_of(name: str) -> Recipe:
    recipe: Recipe = importlib.import_module(_MODULES[name]).RECIPE
    return recipe


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m layers.packs", description="Builds model packs.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="fetch, verify and convert the weights of a pack")
    command.add_argument("name", choices=sorted(_MODULES))
    command.add_argument("--into", type=Path, help="the pack's folder (build/packs/NAME)")
    command.add_argument("--cache", type=Path, default=_BUILD / "sources", help="where downloads are kept")
    return parser


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
