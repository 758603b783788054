"""Thresholds for procedural faces: they look more alike to the embedder than people do, so a pack for them is stricter.

Measured on the calibration identities, whom the demo never shows, through the real pipeline:

    python -m infra.demo.thresholds --pack build/packs/pypi --seeds 1 2 3 --write
"""

import argparse
import json
import shlex
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chalicelib.domain.templates import Template
from chalicelib.vision.matching import reference
from chalicelib.vision.pack import load_pack
from chalicelib.vision.recogniser import Recogniser
from chalicelib.vision.thresholds import Confidence, Curve, Levels, Promise, Thresholds, thresholds_of
from infra.demo.identities import calibration
from infra.demo.identity import Identity
from infra.demo.pipeline import Pipeline, face_at
from infra.demo.rehearsal import FACES_PER_FRAME, FRAMES, Cast, enrol, frames_of

FILE = Path(__file__).with_name("thresholds.json")
COUNTS = (1, 2, 3)
"""Enrolment counts measured: one, two, and three or more registrations."""
_REVIEWED = 0.1
"""The part of strangers' faces that may ask for a human; the rest are unknown."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Cosines of faces in frames, each (n,). genuine: to the person's own template; impostor: to the nearest of the
    others', as if the person were not enrolled. The margins are to the next person behind.
    """

    genuine: NDArray[np.float64]
    genuine_margin: NDArray[np.float64]
    impostor: NDArray[np.float64]
    impostor_margin: NDArray[np.float64]

    def summary(self) -> dict[str, float | int]:
        return {
            "faces": len(self.genuine),
            "genuine_least": _rounded(self.genuine.min()),
            "genuine_2_percent": _rounded(np.quantile(self.genuine, 0.02)),
            "genuine_median": _rounded(np.median(self.genuine)),
            "genuine_margin_2_percent": _rounded(np.quantile(self.genuine_margin, 0.02)),
            "impostor_median": _rounded(np.median(self.impostor)),
            "impostor_99_percent": _rounded(np.quantile(self.impostor, 0.99)),
            "impostor_greatest": _rounded(self.impostor.max()),
        }


def demo_thresholds(path: Path = FILE) -> Thresholds:
    """The committed thresholds, for a pack derived for procedural faces."""
    return thresholds_of(json.loads(path.read_text())["thresholds"])


def measure_scores(
    pack: Path,
    identities: Sequence[Identity],
    seeds: Iterable[int],
    counts: Sequence[int] = COUNTS,
    frames: int = FRAMES,
) -> dict[int, Scores]:
    """Scores by enrolment count: each person enrolled by video, seen in frames, and once a stranger to the others."""
    recogniser, pipeline = Recogniser(load_pack(pack)), Pipeline(pack)
    rows: dict[int, list[tuple[float, float, float, float]]] = {count: [] for count in counts}
    for seed in seeds:
        templates = enrol(recogniser, identities, seed, max(counts))
        faces = _faces(pipeline, identities, seed, frames)
        for count in counts:
            rows[count] += _compare(templates, faces, count)
    return {count: Scores(*np.array(found, np.float64).T) for count, found in rows.items()}


def choose_thresholds(scores_by_count: dict[int, Scores]) -> Thresholds:
    """Accept lies above every impostor, a third of the way to the weakest genuine faces if these lie higher.

    The cast is always about the same dozen, so one value serves every roster, claims included; and as nobody is left
    over to be a cohort, scores are never normalised. Confidence is even at the threshold and rises over the gap.
    """
    accept, review, gaps = {}, {}, []
    for count, scores in scores_by_count.items():
        highest, weakest = float(scores.impostor.max()), float(np.quantile(scores.genuine, 0.02))
        accept[count] = _rounded(highest + max((weakest - highest) / 3, 0.001))
        review[count] = _rounded(min(np.quantile(scores.impostor, 1 - _REVIEWED), accept[count]))
        gaps.append(abs(weakest - highest))
    margins = np.concatenate([scores.genuine_margin for scores in scores_by_count.values()])
    levels = Levels(
        accept={count: Curve(value, value) for count, value in accept.items()},
        review={count: Curve(value, value) for count, value in review.items()},
        claim=accept,
        margin=max(_rounded(np.quantile(margins, 0.02) / 2), 0.002),
        confidence=Confidence(0.0, _rounded(4 / max(*gaps, 0.001)), stranger_share=0.1),
    )
    return Thresholds(Promise(0.01, _REVIEWED, 0.01), levels, provisional=False)


def _faces(
    pipeline: Pipeline, identities: Sequence[Identity], seed: int, frames: int
) -> list[tuple[str, NDArray[np.float64]]]:
    """Names and embeddings of the faces found in a class's frames."""
    found = []
    for people, frame in frames_of(Cast(tuple(identities), ()), seed, frames, FACES_PER_FRAME):
        faces = pipeline.faces(frame.jpeg)
        for placed in frame.placed:
            face = face_at(placed, faces)
            if face is not None:
                found.append((people[placed.index].name, face.embedding.astype(np.float64)))
    return found


def _compare(
    templates: Sequence[Template], faces: Sequence[tuple[str, NDArray[np.float64]]], count: int
) -> list[tuple[float, float, float, float]]:
    """For each face: own similarity, its margin, the nearest other's similarity, its margin."""
    names = [template.person_id for template in templates]
    references = np.stack([_reference(template, count) for template in templates])
    rows = []
    for name, embedding in faces:
        similarities = references @ embedding
        own = names.index(name)
        second, first = np.sort(np.delete(similarities, own))[-2:]
        rows.append((similarities[own], similarities[own] - first, first, first - second))
    return rows


def _reference(template: Template, count: int) -> NDArray[np.float64]:
    """(dimension,) of the template with its first `count` occasions only."""
    fewer = Template(template.person_id, template.model_id, template.occasions[:count])
    dimension = len(template.occasions[0].embeddings[0]) // 4
    return reference(fewer, template.model_id, dimension).astype(np.float64)


def _rounded(value: Any) -> float:
    return round(float(value), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the thresholds of the demo's pack.")
    parser.add_argument("--pack", type=Path, default=Path("build/packs/pypi"), help="a built model pack")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--write", action="store_true", help=f"write {FILE.name}")
    arguments = parser.parse_args()
    scores_by_count = measure_scores(arguments.pack, calibration(), arguments.seeds)
    document = {
        "command": shlex.join(("python", "-m", "infra.demo.thresholds", *sys.argv[1:])),
        "measured_on": f"{len(calibration())} calibration identities, whom the demo never shows",
        "thresholds": choose_thresholds(scores_by_count).as_json(),
        "measured_by_enrolment_count": {str(n): scores.summary() for n, scores in scores_by_count.items()},
    }
    text = json.dumps(document, indent=2) + "\n"
    if arguments.write:
        FILE.write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
