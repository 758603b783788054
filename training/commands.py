"""What the commands of this package have in common: options, refusals, progress, and the document that each writes."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chalicelib.domain.errors import PackRefused
from training.photos import WrongSets

WRONG_CALL = 2
REFUSALS = (WrongSets, PackRefused, OSError)
"""What a command tells in one line and answers with WRONG_CALL: of sets, of a pack, of a file that cannot be read."""


def parser_of(module: str, doc: str | None) -> argparse.ArgumentParser:
    """With --pack and --packs; `doc`: the module's, whose first line says what it does."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=(doc or "").partition("\n")[0])
    parser.add_argument("--pack", default="pypi", help="the name of a built pack (default: %(default)s)")
    parser.add_argument("--packs", type=Path, default=Path("build/packs"), help="default: %(default)s")
    return parser


def add_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cache", type=Path, help="where to keep embeddings of public photos between runs")


def add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=_json_file, required=True, metavar="FILE.json")


def at_least(least: int) -> Callable[[str], int]:
    """The type of an option that counts."""

    def whole_number(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is less than {least}")
        return number

    return whole_number


def say(line: str) -> None:
    """Progress, and why not, apart from results."""
    print(line, file=sys.stderr, flush=True)


def write_document(document: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def _json_file(text: str) -> Path:
    """Where nothing could be written is found before hours of measuring, and no report takes its document's place."""
    path = Path(text)
    if path.suffix != ".json" or path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no FILE.json")
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not there.is_dir():
        raise argparse.ArgumentTypeError(f"{there} is no folder")
    return path
