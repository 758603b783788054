"""The committed table of procedural students: those the demo shows, and others to calibrate on.

The table was chosen once with the real pipeline, and can be chosen again:

    python -m infra.demo.identities --search --pack build/packs/pypi --seed 1 --candidates 300
"""

import argparse
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from infra.demo.identity import Identity, identity_of, row_of

TABLE = Path(__file__).with_name("identities.json")
SHOWN = 14
"""Twelve students and two strangers; the demo's seed draws who is which."""


def shown() -> tuple[Identity, ...]:
    """The identities that the demo may show."""
    return _table()["shown"]


def calibration() -> tuple[Identity, ...]:
    """Identities that the demo never shows: its thresholds are measured on them."""
    return _table()["calibration"]


@cache
def _table() -> dict[str, tuple[Identity, ...]]:
    columns = json.loads(TABLE.read_text())
    return {group: tuple(identity_of(row) for row in rows) for group, rows in columns.items()}


def write_table(groups: dict[str, Sequence[Identity]], path: Path = TABLE) -> None:
    """One identity a line."""
    parts = []
    for group, identities in groups.items():
        rows = ",\n".join("    " + json.dumps(row_of(identity)) for identity in identities)
        parts.append(f'  "{group}": [\n{rows}\n  ]')
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="List the table, or choose it again.")
    parser.add_argument(
        "--search", action="store_true", help="choose the identities again and write the table"
    )
    parser.add_argument("--pack", type=Path, default=Path("build/packs/pypi"), help="a built model pack")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--candidates", type=int, default=300)
    parser.add_argument("--into", type=Path, default=TABLE)
    arguments = parser.parse_args()
    if arguments.search:
        from infra.demo.search import search  # the vision libraries, which listing does without

        found, report = search(arguments.pack, arguments.seed, arguments.candidates, 2 * SHOWN)
        write_table({"shown": found[0::2], "calibration": found[1::2]}, arguments.into)
        print(report)
    else:
        for group, identities in _table().items():
            print(f"{group}: {', '.join(identity.name for identity in identities)}")


if __name__ == "__main__":
    main()
