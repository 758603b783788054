"""See what Rollcall sees: `python -m chalicelib.vision class.jpg --enrol ann=ann.mp4 --out seen.jpg`.

Exits with 0; 1 if a picture or an enrolment could not be used (the others are still shown); 2 for a wrong call;
3 if the model pack is missing or refused. Nothing is stored.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from chalicelib.domain.enrolment import describe, is_enough
from chalicelib.domain.errors import PackRefused, Refused
from chalicelib.domain.quality import advice_on
from chalicelib.domain.sightings import Sighting
from chalicelib.domain.templates import Occasion, Template
from chalicelib.vision.drawing import annotate
from chalicelib.vision.matching import Gallery
from chalicelib.vision.pack import load_pack
from chalicelib.vision.recogniser import Recogniser

DEFAULT_PACK = Path("build/packs/pypi")
OK, UNUSABLE, WRONG_CALL, NO_PACK = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.out and len(asked.pictures) != 1:
        parser.error("--out draws one picture")
    try:
        return _run(asked)
    except PackRefused as error:  # when it is loaded, or its nets opened
        print(error, file=sys.stderr)
        return NO_PACK


def _run(asked: argparse.Namespace) -> int:
    recogniser = Recogniser(load_pack(asked.pack))
    enrolled = [_enrolled(name, path, recogniser) for name, path in asked.enrol]
    gallery = recogniser.gallery(_merged([template for template in enrolled if template]))
    shown = [_show(path, recogniser, gallery, asked.out) for path in asked.pictures]
    return OK if all(shown) and all(enrolled) else UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chalicelib.vision", description="Finds and recognises the faces of pictures."
    )
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE", help="JPEG, PNG or WebP")
    parser.add_argument(
        "--pack", type=Path, default=DEFAULT_PACK, help="the model pack (default: %(default)s)"
    )
    parser.add_argument(
        "--enrol",
        type=_named_file,
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="a photo or clip of a person to look for; again and again, also for the same NAME",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="draw what was seen, as a JPEG")
    return parser


def _named_file(text: str) -> tuple[str, Path]:
    name, separator, path = text.partition("=")
    if not (name and separator and path):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FILE")
    return name, Path(path)


def _enrolled(name: str, path: Path, recogniser: Recogniser) -> Template | None:
    """A template of one occasion, or None once the reason has been told on stderr."""
    try:
        views = recogniser.extract_views([path.read_bytes()])
    except (OSError, Refused) as error:
        _tell(path, error)
        return None
    print(f"{name} from {path}: {describe(views)}")
    if not is_enough(views):
        return None
    return Template(name, recogniser.model_id, (Occasion(str(path), views.embeddings),))


def _merged(templates: Sequence[Template]) -> list[Template]:
    """One template a person: each file is an occasion."""
    occasions: dict[str, tuple[Occasion, ...]] = {}
    for template in templates:
        occasions[template.person_id] = occasions.get(template.person_id, ()) + template.occasions
    return [Template(name, templates[0].model_id, found) for name, found in occasions.items()]


def _show(path: Path, recogniser: Recogniser, gallery: Gallery, out: Path | None) -> bool:
    try:
        data = path.read_bytes()
        seen = recogniser.recognise(data, gallery)
        if out:
            out.write_bytes(annotate(data, seen.sightings))
    except (OSError, Refused) as error:
        _tell(path, error)
        return False
    print(f"{path}: {len(seen.sightings)} face{'' if len(seen.sightings) == 1 else 's'}")
    for condition in seen.health.conditions:
        print(f"  camera {condition}: {advice_on(condition)}")
    for number, sighting in enumerate(seen.sightings, start=1):
        print(f"  {number}. {_line(sighting)}")
    return True


def _line(sighting: Sighting) -> str:
    box = sighting.box
    place = f"{box.width:.0f}x{box.height:.0f} px at ({box.left:.0f}, {box.top:.0f})"
    seen = f"{place}, detection {sighting.detection:.3f}, quality {sighting.quality:.2f}"
    if sighting.reasons:
        seen += f" ({', '.join(sighting.reasons)})"
    if not sighting.similarity:  # nobody is enrolled
        return seen
    candidate = sighting.candidate or "nobody (a more similar face has the person)"
    figures = (
        f"similarity {sighting.similarity:.3f} of {sighting.threshold:.3f}, margin {sighting.margin:.3f}"
    )
    return f"{seen}: {candidate}, {figures}: {sighting.decision}"


def _tell(path: Path, error: Exception) -> None:
    reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    print(f"{path}: {reason}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
