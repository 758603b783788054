"""libFuzzer at everything that reads bytes from outside, each in a process of its own with a Lambda's memory.

FUZZ_SECONDS each (60 unless told), from seeds made here. What it finds becomes a test of its own, where the fault is.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fuzz import seeds

# On CI its absence is a failure: nobody would notice that nothing is fuzzed.
_ABSENT = find_spec("atheris") is None and not os.environ.get("CI")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(_ABSENT, reason="atheris has no wheel for this machine or this Python"),
]

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
ONE_INPUT_SECONDS = 10


def fuzzed(
    name: str, folder: Path, corpus: Iterable[bytes], words: tuple[bytes, ...], most_bytes: int
) -> tuple[int, set[str]]:
    """Runs the target; how many inputs it was given, and what came of them. Fails with what was found."""
    inputs, found = folder / "corpus", folder / "found"
    inputs.mkdir()
    found.mkdir()
    for number, seed in enumerate(corpus):
        (inputs / f"seed-{number}").write_bytes(seed)
    (folder / "words").write_text(seeds.dictionary(words))
    limits = [
        f"-max_total_time={SECONDS}",
        f"-timeout={ONE_INPUT_SECONDS}",
        f"-max_len={most_bytes}",
    ]
    places = [f"-dict={folder / 'words'}", f"-artifact_prefix={found}/", str(inputs)]
    log = folder / "log"
    with log.open("wb") as stderr:
        child = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.fuzz.targets",
                name,
                "-seed=1",
                "-print_final_stats=1",
                *limits,
                *places,
            ],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TMPDIR": str(folder)},
            stdout=subprocess.PIPE,
            stderr=stderr,
            timeout=2 * SECONDS + 120,
            check=False,
        )
    told = log.read_text(errors="replace")
    finding = "".join(f"\n{path.name}: {path.read_bytes().hex()}" for path in found.iterdir())
    assert (child.returncode, finding) == (0, ""), told[-5_000:] + finding
    (runs,) = re.findall(r"stat::number_of_executed_units: (\d+)", told)
    outcomes = set(child.stdout.decode(errors="replace").splitlines())
    print(f"{name}: {runs} inputs in {SECONDS} s, {len(outcomes)} outcomes: {', '.join(sorted(outcomes))}")
    return int(runs), outcomes


def missing(wanted: Iterable[str], outcomes: set[str]) -> Iterator[str]:
    return (each for each in wanted if not any(each in outcome for outcome in outcomes))


def test_headers_are_read_or_refused(tmp_path: Path) -> None:
    runs, outcomes = fuzzed("header", tmp_path, seeds.headers(), seeds.PICTURE_WORDS, 20_000)
    wanted = [
        *("image/jpeg accepted", "image/png accepted", "image/webp accepted", "TooManyPixels", "EmptyBody"),
        *(
            "cut off inside",
            "too many parts",
            "more than N scans",
            "cut off before",
            "header is damaged",
            "ends before its data",
            "declares no size",
        ),
        *("a picture (JPEG", "this is video/", "does not open with", "WebP's header is damaged"),
    ]
    assert list(missing(wanted, outcomes)) == []
    assert runs > 1_000


def test_pictures_are_decoded_or_refused_and_searched_for_faces(tmp_path: Path, pack_dir: Path) -> None:
    assert pack_dir.exists()
    runs, outcomes = fuzzed("picture", tmp_path, seeds.pictures(), seeds.PICTURE_WORDS, 20_000)
    wanted = [
        f"image/{kind} decoded, {face}" for kind in ("jpeg", "png", "webp") for face in ("a face", "no face")
    ]
    assert list(missing([*wanted, "is damaged", "more data than pixels"], outcomes)) == []
    assert runs > 500


def test_clips_are_sampled_or_refused(tmp_path: Path) -> None:
    runs, outcomes = fuzzed("video", tmp_path, seeds.clips(), seeds.VIDEO_WORDS, 20_000)
    kinds = [
        f"video/{kind} sampled, many frames"
        for kind in ("mp4", "quicktime", "webm", "x-matroska", "x-msvideo")
    ]
    wanted = [
        *kinds,
        "sampled, one frame",
        "cannot be opened",
        "no picture that can be decoded",
        "TooManyPixels",
    ]
    assert list(missing(wanted, outcomes)) == []
    assert runs > 200


def test_declarations_are_loaded_or_refused(tmp_path: Path) -> None:
    runs, outcomes = fuzzed("declaration", tmp_path, seeds.declarations(), seeds.declaration_words(), 10_000)
    assert outcomes == {"loaded", "PackRefused"}
    assert runs > 500


def test_tokens_sign_nobody_in(tmp_path: Path) -> None:
    runs, outcomes = fuzzed("token", tmp_path, seeds.tokens(), seeds.TOKEN_WORDS, 4_000)
    wanted = (
        "This is no token",
        "does not name its key",
        "not signed by its issuer",
        "does not publish",
        "no ID token",
    )
    assert list(missing(wanted, outcomes)) == []
    assert runs > 1_000


def test_artefacts_are_unpacked_or_refused(tmp_path: Path) -> None:
    runs, outcomes = fuzzed("artefact", tmp_path, seeds.artefacts(), seeds.ARTEFACT_WORDS, 40_000)
    wanted = (
        "files unpacked",
        "no tar.gz",
        "a name that is not known",
        "no JSON",
        "not learned from the manifest",
    )
    assert list(missing(wanted, outcomes)) == []
    assert runs > 1_000
