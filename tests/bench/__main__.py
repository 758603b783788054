"""How fast, beside whom: `python -m tests.bench` writes a table and build/bench.json; docs/speed.md explains it.

`--pairs` compares accuracy on pairs of ROLLCALL_FACES/lfw instead, and adds it to the same file.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench import stages
from tests.bench.cases import LAYOUTS, Layout, cases, faces_folder
from tests.bench.contestants import (
    FACE_RECOGNITION_PEERS,
    OURS,
    PEERS,
    ROOT,
    Contestant,
    Process,
    built,
    kernels,
    ours,
)
from tests.bench.fresh import cold_start_ms, peak_memory_mib
from tests.bench.machine import machine
from tests.bench.pairs import compare, draw_pairs
from tests.bench.rows import Row, rows_of, table
from tests.bench.timing import interleave

_BUILD = ROOT / "build"
OK, WRONG_CALL = 0, 2


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    pack_directory = _BUILD / "packs" / asked.pack
    folder = faces_folder()
    if asked.pairs and not folder:
        print("--pairs needs photographs: ROLLCALL_FACES names no folder.", file=sys.stderr)
        return WRONG_CALL
    if asked.pairs and folder:
        found = {"pairs": compare_pairs(pack_directory, folder / "lfw", asked.pairs, asked.seed)}
        print(json.dumps(found, indent=2))
    else:
        peers = [] if asked.no_peers else built(PEERS)
        found = measure(pack_directory, peers, folder, asked.seconds)
    write(asked.out, found)
    return OK


def measure(
    pack_directory: Path,
    peers: Sequence[Contestant],
    folder: Path | None,
    seconds: float,
    layouts: Sequence[Layout] = LAYOUTS,
) -> dict[str, Any]:
    """Prints the table while it grows; answers what bench.json holds of it."""
    frames = cases(layouts, folder)
    measured_on = machine()  # before our own load
    rows: list[Row] = []
    with ExitStack() as stack:
        contestants = (ours(pack_directory), kernels(pack_directory), *peers)
        processes = [stack.enter_context(Process(each)) for each in contestants]
        about = {each.label: each.about() for each in processes}
        for frame in frames:
            print(f"Measuring {frame.name} …", file=sys.stderr)
            passes = interleave(processes, frame.jpeg, seconds)
            our_passes = passes.pop(OURS)
            rows += rows_of(frame.name, our_passes, passes)
    print(table(rows))
    found = {
        "rows": [row.as_json() for row in rows],
        "match_share": match_shares(rows),
        "cold_start_ms": cold_start_ms(pack_directory, frames[0].jpeg),
        "memory_mib": peak_memory_mib(pack_directory, frames[0].jpeg),
        "about": about,
        "machine": measured_on,
    }
    print(f"\nCold start {found['cold_start_ms']:.0f} ms, peak memory {found['memory_mib']:.0f} MiB.")
    print(json.dumps({key: found[key] for key in ("match_share", "about", "machine")}, indent=2))
    return found


def match_shares(rows: Sequence[Row]) -> dict[str, float]:
    """The part of a whole frame, by frame, that matching against a roster takes."""
    ours_ms = {(row.case, row.stage): row.ours_ms for row in rows}
    frames = dict.fromkeys(row.case for row in rows)
    return {case: ours_ms[case, stages.MATCH] / ours_ms[case, stages.WHOLE] for case in frames}


def compare_pairs(pack_directory: Path, people: Path, count: int, seed: int) -> dict[str, Any]:
    """Ours beside one build of face_recognition, the fastest that there is: all builds embed alike."""
    pairs = draw_pairs(people, count, seed)
    embeddings = {}
    for contestant in (ours(pack_directory), *built(FACE_RECOGNITION_PEERS)[:1]):
        print(f"Embedding {len(pairs.photos())} photos: {contestant.label} …", file=sys.stderr)
        with Process(contestant) as process:
            embeddings[contestant.label] = {
                photo: process.embed_largest(photo.read_bytes()) for photo in pairs.photos()
            }
    return {"seed": seed} | compare(pairs, embeddings)


def write(path: Path, found: dict[str, Any]) -> None:
    """Speed and pairs are measured apart: what the file holds of the other stays."""
    known = json.loads(path.read_text()) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known | found, indent=2) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measures speed beside peers.")
    parser.add_argument("--pack", default="pypi", help="a pack below build/packs (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="for each frame (default: %(default)s)")
    parser.add_argument("--no-peers", action="store_true", help="measure ours alone")
    parser.add_argument(
        "--pairs",
        type=int,
        nargs="?",
        const=1000,
        metavar="N",
        help="compare accuracy on N pairs (default: 1000)",
    )
    parser.add_argument("--seed", type=int, default=0, help="draws the pairs")
    parser.add_argument("--out", type=Path, default=_BUILD / "bench.json", help="(default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
