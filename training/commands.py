"""What the commands of this package have in common: options, progress, and the document that each writes."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

WRONG_CALL = 2


def parser_of(module: str, doc: str | None) -> argparse.ArgumentParser:
    """With --pack and --packs; `doc`: the module's, whose first line says what it does."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=(doc or "").partition("\n")[0])
    parser.add_argument("--pack", default="pypi", help="the name of a built pack (default: %(default)s)")
    parser.add_argument("--packs", type=Path, default=Path("build/packs"), help="default: %(default)s")
    return parser


def add_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cache", type=Path, help="where to keep embeddings of public photos between runs")


def say(line: str) -> None:
    """Progress, and why not, apart from results."""
    print(line, file=sys.stderr, flush=True)


def write_document(document: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")
