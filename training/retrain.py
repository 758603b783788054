"""The retraining job: from the registrations of a school to a model, tested against the one in service.

    python -m training.retrain

SageMaker's folders are given by SM_CHANNEL_TEMPLATES (dataset.json, people.jsonl), SM_CHANNEL_CHAMPION (model.json,
projection.onnx), SM_MODEL_DIR and SM_OUTPUT_DATA_DIR, or are where its containers have them; the pack lies at
ROLLCALL_PACK_DIR. SM_HPS may hold {"candidates": "none,wccn,head"}: what may be chosen. Why it failed stands in
`failure` in SM_OUTPUT_DIR. An interruption (SIGTERM) ends it with 143; the same
data give the same model again.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from threadpoolctl import threadpool_limits

from chalicelib.domain.errors import PackRefused
from chalicelib.vision.learned import Learned, load_learned
from chalicelib.vision.pack import Pack, load_pack
from training.artefact import read_files, write_files
from training.challenge import challenge
from training.learning import FITS, NONE, Say, learn, parts_of
from training.outcome import model_files, report_files
from training.school import school_of
from training.segregate import LEARN, TEST, Dataset, DatasetRefused, manifest_of, read_dataset
from training.tracking import track

INTERRUPTED = 143
_LONGEST_REASON = 1024  # more of it SageMaker does not show
_ROOT = Path("/opt/ml")
_KINDS = (NONE, *FITS)


@dataclass(frozen=True)
class Places:
    """Where a job finds and leaves everything."""

    templates: Path
    champion: Path
    model: Path
    output_data: Path
    output: Path
    pack: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Places":
        def place(name: str, otherwise: Path) -> Path:
            return Path(environment.get(name) or otherwise)

        return cls(
            templates=place("SM_CHANNEL_TEMPLATES", _ROOT / "input/data/templates"),
            champion=place("SM_CHANNEL_CHAMPION", _ROOT / "input/data/champion"),
            model=place("SM_MODEL_DIR", _ROOT / "model"),
            output_data=place("SM_OUTPUT_DATA_DIR", _ROOT / "output/data"),
            output=place("SM_OUTPUT_DIR", _ROOT / "output"),
            pack=place("ROLLCALL_PACK_DIR", _ROOT / "input/data/pack"),
        )


def retrain(
    dataset: Dataset, champion: Learned, pack: Pack, say: Say, kinds: Sequence[str] = _KINDS
) -> dict[str, bytes]:
    """The files of the new model."""
    sides = {side: [each for each in dataset.members if each.side == side] for side in (LEARN, TEST)}
    say(f"{len(sides[LEARN])} people to learn from, {len(sides[TEST])} to test with")
    parts = parts_of(sides[LEARN], pack)
    with threadpool_limits(1):  # sums in another order are other sums
        learnt = learn(parts, pack, say, kinds)
        files = model_files(learnt, manifest_of(pack.model_id, dataset.members), pack)
        challenger = load_learned(files, pack)
        others = [member.template for member in parts.cohort]
        found = challenge(school_of(sides[TEST]), others, pack, champion, challenger)
        files |= report_files(dataset.champion_id, challenger.model_id, learnt, found, files, pack)
    return files


def champion_of(dataset: Dataset, folder: Path, pack: Pack) -> Learned:
    """The model in service, as the service loads it. Raises DatasetRefused, PackRefused."""
    if dataset.champion_id == pack.model_id:
        return Learned.of(pack)
    champion = load_learned(read_files(folder), pack)
    if champion.model_id != dataset.champion_id:
        raise DatasetRefused(
            f"The champion is {champion.model_id}, the dataset is for {dataset.champion_id}."
        )
    return champion


def metrics_of(report: Mapping[str, Any]) -> dict[str, float]:
    """What is shown of a job while and after it runs, by the names that CloudWatch and W&B know."""
    chosen = next(each for each in report["candidates"] if each["chosen"])
    test = report["test"] or {}
    difference = test.get("fnir_difference", {})
    found = {
        "validation_fnir": chosen["validation_fnir"],
        "learned_from_people": report["learned_from"]["people"],
        "test_identities": test.get("identities"),
        "test_strangers": test.get("strangers"),
        "champion_fpir": test.get("champion", {}).get("fpir"),
        "champion_fnir": test.get("champion", {}).get("fnir"),
        "test_fpir": test.get("challenger", {}).get("fpir"),
        "test_fnir": test.get("challenger", {}).get("fnir"),
        "fnir_difference": difference.get("value"),
        "fnir_difference_upper": difference.get("upper"),
    }
    return {name: value for name, value in found.items() if value is not None}


def kinds_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Raises ValueError: no hyperparameters, or a candidate that is not known."""
    said = json.loads(environment.get("SM_HPS") or "{}").get("candidates", ",".join(_KINDS))
    kinds = tuple(kind.strip() for kind in str(said).split(","))
    if unknown := [kind for kind in kinds if kind not in _KINDS]:
        raise ValueError(f"The candidate {unknown[0]!r} is not known, only {', '.join(_KINDS)}.")
    return kinds


def run(places: Places, kinds: Sequence[str], say: Say) -> None:
    """All of the job. Raises DatasetRefused, PackRefused, OSError."""
    pack = load_pack(places.pack)
    dataset = read_dataset(places.templates, pack)
    files = retrain(dataset, champion_of(dataset, places.champion, pack), pack, say, kinds)
    write_files(files, places.model)
    metrics = metrics_of(json.loads(files["report.json"]))
    for name, value in metrics.items():
        say(f"{name}={value};" if isinstance(value, int) else f"{name}={value:.6f};")
    track(places.model, places.output_data, dataset.job_id, metrics, say)


def main() -> int:
    started = time.monotonic()
    places = Places.of(os.environ)

    def say(line: str) -> None:
        print(f"[{time.monotonic() - started:7.1f} s] {line}", flush=True)

    with _interruptible():
        try:
            run(places, kinds_of(os.environ), say)
        except Exception as error:
            reason = _reason(error)
            say(f"failed: {reason}")
            places.output.mkdir(parents=True, exist_ok=True)
            (places.output / "failure").write_text(reason[:_LONGEST_REASON], encoding="utf-8")
            if not isinstance(error, DatasetRefused | PackRefused):
                raise
            return 1
    say("done")
    return 0


def _reason(error: Exception) -> str:
    """Of what was not foreseen its kind alone, as a message might hold what was computed with."""
    foreseen = isinstance(error, DatasetRefused | PackRefused | OSError)
    return f"{type(error).__name__}: {error}" if foreseen else type(error).__name__


@contextmanager
def _interruptible() -> Iterator[None]:
    """A spot instance is taken back with a SIGTERM and two minutes to go; there is nothing to save."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(INTERRUPTED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main())
