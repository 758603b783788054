"""Choose a pack's thresholds: what keeps its promise on people whom the test never shows.

    python -m training.calibrate --pack pypi --write

Strangers, people and cohort are those of the calibration half (see training.split). With --write the thresholds are
put beside the pack's recipe, from where `make pack` takes them.
"""

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chalicelib.vision.pack import load_pack
from layers.packs.thresholds import path_of
from training.commands import REFUSALS, WRONG_CALL, add_cache, parser_of, say
from training.duplicates import FPIR, choose_duplicate_thresholds
from training.features import look_at
from training.photos import people_in, require_distinct
from training.split import CALIBRATION, PROBES_FROM
from training.thresholds import Material, choose_thresholds
from training.trials import cohort_of


def calibrate(pack_dir: Path, faces: Path, cache: Path | None) -> dict[str, Any]:
    """The thresholds, and on whom they were measured. Raises WrongSets, PackRefused."""
    pack = load_pack(pack_dir)
    people = people_in(faces / "people", PROBES_FROM + 1)
    strangers, others = people_in(faces / "strangers"), people_in(faces / "cohort")
    require_distinct({"people": people, "strangers": strangers, "cohort": others})
    photos = [photo for person in (*people, *strangers, *others) for photo in person.photos]
    features = look_at(photos, pack, cache=cache, say=say)
    chosen = choose_thresholds(
        Material(people, strangers, features, pack), cohort_of(others, features, pack.model_id)
    )
    thresholds = replace(
        chosen,
        promise=replace(chosen.promise, duplicate_fpir=FPIR),
        duplicate=choose_duplicate_thresholds((*people, *strangers, *others), features, pack),
    )
    return {
        "measured_on": {"people": len(people), "strangers": len(strangers), "cohort": len(others)},
        "thresholds": thresholds.as_json(),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = parser_of("training.calibrate", __doc__)
    parser.add_argument(
        "--faces", type=Path, default=Path("build/faces") / CALIBRATION, help="default: %(default)s"
    )
    add_cache(parser)
    parser.add_argument("--write", action="store_true", help="put the thresholds beside the pack's recipe")
    given = parser.parse_args(arguments)
    try:
        document = calibrate(given.packs / given.pack, given.faces, given.cache)
    except REFUSALS as error:
        say(str(error))
        return WRONG_CALL
    command = shlex.join(("python", "-m", "training.calibrate", "--pack", given.pack, "--write"))
    text = json.dumps({"command": command, **document}, indent=2) + "\n"
    if given.write:
        path_of(given.pack).write_text(text)
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
