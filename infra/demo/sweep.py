"""Rehearses classes over seeds with the demo's thresholds, on the identities shown, and prints what came of each:

python -m infra.demo.sweep --pack build/packs/pypi --seeds 1 2 3
"""

import argparse
from dataclasses import replace
from pathlib import Path

from chalicelib.vision.pack import load_pack
from chalicelib.vision.recogniser import Recogniser
from infra.demo.identities import shown
from infra.demo.rehearsal import Rehearsal, draw_cast, rehearse
from infra.demo.thresholds import demo_thresholds


def summary(rehearsal: Rehearsal) -> str:
    return (
        f"fewest views kept {min(rehearsal.views_kept.values())}, "
        f"faces found {rehearsal.found} of {len(rehearsal.seen)} (and {rehearsal.extra} where there is none), "
        f"wrong matches {rehearsal.wrong}, strangers accepted {rehearsal.strangers_accepted}, "
        f"present {len(rehearsal.present)} of {len(rehearsal.cast.students)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Rehearse classes of procedural students.")
    parser.add_argument("--pack", type=Path, default=Path("build/packs/pypi"), help="a built model pack")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    arguments = parser.parse_args()
    recogniser = Recogniser(replace(load_pack(arguments.pack), thresholds=demo_thresholds()))
    for seed in arguments.seeds:
        print(f"seed {seed}: {summary(rehearse(recogniser, draw_cast(shown(), seed), seed))}", flush=True)


if __name__ == "__main__":
    main()
