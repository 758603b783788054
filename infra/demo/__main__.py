"""The demo: `python -m infra.demo`. Starts Rollcall on this machine, plays a class through its API, judges the result.

Exits with 0 if every student was registered, nobody wrongly marked and everything else as it should be, with 1 if
anything was wrong, with 2 for a wrong call. Its figures tell that the machinery works; they are no measure of accuracy.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from infra.demo.client import CallFailed
from infra.demo.identities import shown
from infra.demo.judge import Played, as_json, faults, save
from infra.demo.rehearsal import draw_cast
from infra.demo.run import play
from infra.demo.scenario import HeadsScenario, Scenario, photos_scenario
from infra.demo.service import service
from infra.demo.thresholds import demo_thresholds
from layers.packs.derive import derive_pack

PACK = Path("build/packs/pypi")
HEADS_PACK = Path("build/packs/pypi-heads")
OUT = Path("build")


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        scenario: Scenario
        if given.faces is None:
            scenario = HeadsScenario(draw_cast(shown(), given.seed), given.seed)
            derive_pack(PACK, HEADS_PACK, "pypi-heads", demo_thresholds())
            return run(scenario, HEADS_PACK, given.seed, given.out, may_miss=1)
        scenario = photos_scenario(given.faces, given.strangers, given.seed)
        # Somebody must be recognised; how many of how few photos depends on the photos.
        return run(scenario, PACK, given.seed, given.out, may_miss=len(scenario.students) - 1)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2


def run(scenario: Scenario, pack: Path, seed: int, out: Path, *, may_miss: int) -> int:
    """Play it on a service of its own; the exit status."""
    started = time.perf_counter()
    try:
        with service(pack, retrain_after=len(scenario.students)) as running:
            print(
                f"{len(scenario.students)} students register; {len(scenario.strangers)} strangers will walk in."
            )
            played = play(scenario, running, seed, print)
    except CallFailed as error:
        print(f"The demo could not be played to its end. {error}", file=sys.stderr)
        return 1
    return _report(played, out, may_miss, time.perf_counter() - started)


def _report(played: Played, out: Path, may_miss: int, seconds: float) -> int:
    print()
    picture = save(played, out)
    figures = as_json(played.figures) | {"wall_seconds": round(seconds, 1)}
    (out / "demo.json").write_text(json.dumps(figures, indent=2) + "\n")
    if played.missed:
        print(f"Shown and not accepted in any frame: {', '.join(played.missed)}.")
    print(f"{figures['faces_found']} of {figures['faces']} faces found in {figures['frames']} frames.")
    print(f"See {picture} and {out / 'demo.json'}.")
    wrong = faults(played.figures, may_miss=may_miss)
    print(f"WRONG: {'; '.join(wrong)}." if wrong else "All as it should be.")
    return 1 if wrong else 0


def _seed(text: str) -> int:
    seed = int(text)
    if seed < 0:
        raise argparse.ArgumentTypeError("a seed is 0 or more")
    return seed


def _folder(text: str) -> Path:
    return Path(text).expanduser()  # not every shell does it behind a make variable


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.demo", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=_seed, default=1, help="redraws poses, frames and who is a stranger")
    parser.add_argument("--faces", type=_folder, help="real photographs: a folder per person")
    parser.add_argument(
        "--strangers", type=_folder, help="more people, those with one photo are the strangers"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="where demo.json and the frame are written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
