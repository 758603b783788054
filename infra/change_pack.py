"""Change the pack by which faces are recognised: `python -m infra.change_pack --pack-dir NEW [--switch]`.

It works on the tables and the bucket of ROLLCALL_PREFIX and ROLLCALL_BUCKET, with the AWS credentials of whoever runs
it, and may be run again at any time. In this order:

1. Without --switch, at leisure: everybody who is enrolled gets a template of the new pack as well, made of the
   registrations whose media are still held. The old pack goes on recognising. Printed is who must enrol again, because
   nothing usable is left of them; they enrol as everybody does, after the switch.
2. With --switch, when no class is on: who was enrolled for the first time since is re-embedded, the list printed, and
   the new pack put in service as it was shipped. It is refused while somebody who could be re-embedded is not.
3. Deploy the functions with the new pack at once, and build the training image with it. Until then the functions refuse
   to work (model_not_installed) and what was uploaded comes again: frames and claims for half an hour, registrations
   for two and a half. What has waited longer lies in the dead-letter queues for 14 days and is to be redriven from
   there: nothing is lost, and a frame counts by the time that it was uploaded. The same holds for functions that are
   deployed too early.
4. Once more without --switch: a registration that was enrolled at that moment, or that a human approved since, may have
   been embedded by the old pack alone.

Back leads the same command with the old pack, whose templates have stayed (they go with the person's consent). What
retraining learned is put in service again by promoting it; a rollback never leads into another pack.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from chalicelib import wiring
from chalicelib.domain.clock import utc_now
from chalicelib.domain.errors import RollcallError
from chalicelib.services.change_pack import reembed_everybody, switch_pack
from chalicelib.services.ports import Recogniser
from chalicelib.services.reembed_person import Reembedding
from chalicelib.settings import MAX_REGISTRATION_BYTES

REFUSED = 2
TOLD_EACH = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0; or 2 if it was refused, or somebody is left to be re-embedded."""
    given = _parser().parse_args(arguments)
    try:
        recogniser = wiring.recogniser_of(given.pack_dir)
        became = _reembed(recogniser)
        _tell(recogniser.model_id, became, given.out)
        if Reembedding.LEFT in became.values():
            print("Not everybody could be re-embedded: run it again.", file=sys.stderr)
            return REFUSED
        if given.switch:
            in_service = switch_pack(recogniser.model_id, models=wiring.models(), clock=utc_now)
            print(f"In service: {in_service.model_id}.", file=sys.stderr)
    except (RollcallError, ValueError) as error:
        print(f"Refused. {error}", file=sys.stderr)
        return REFUSED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.change_pack",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pack-dir", type=Path, required=True, help="the folder of the pack to change to")
    parser.add_argument("--switch", action="store_true", help="put it in service once everybody is done")
    parser.add_argument("--out", type=Path, help="a JSON file for what became of everybody, by person id")
    return parser


def _reembed(recogniser: Recogniser) -> dict[str, Reembedding]:
    became: dict[str, Reembedding] = {}
    for person_id, outcome in reembed_everybody(
        people=wiring.people(),
        registrations=wiring.registrations(),
        templates=wiring.templates(),
        models=wiring.models(),
        media=wiring.media(),
        recogniser=recogniser,
        max_bytes=MAX_REGISTRATION_BYTES,
    ):
        became[person_id] = outcome
        if len(became) % TOLD_EACH == 0:
            print(f"{len(became)} people …", file=sys.stderr)
    return became


def _tell(pack_id: str, became: Mapping[str, Reembedding], out: Path | None) -> None:
    """The list alone goes to standard output."""
    lists = {state.value: _who(became, state) for state in (Reembedding.MUST_ENROL_AGAIN, Reembedding.LEFT)}
    for person_id in lists[Reembedding.MUST_ENROL_AGAIN]:
        print(person_id)
    counted = Counter(became.values())
    counts = {state.value: counted[state] for state in Reembedding}
    told = ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items())
    print(f"{len(became)} people by {pack_id}. {told}.", file=sys.stderr)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps({"pack_id": pack_id, "counts": counts, **lists}, indent=1) + "\n")


def _who(became: Mapping[str, Reembedding], state: Reembedding) -> list[str]:
    return sorted(person_id for person_id, outcome in became.items() if outcome is state)


if __name__ == "__main__":
    sys.exit(main())
