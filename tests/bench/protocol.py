"""What the bench and its workers say to each other: one JSON object a line, on the worker's standard input and output.

A worker runs one pipeline in an environment and a process of its own, so that no peer shares our libraries or our
caches. Only the standard library is imported here: every peer's environment can run it. The clock runs inside the
worker, so that talking is never measured. It is the process's processor time, of all its threads: with one thread
that is the wall clock's on an idle machine, and on a busy one it is still not the neighbours'.

    {"do": "about"}                                  → {...} versions and settings, for the record
    {"do": "time", "jpeg": base64, "seconds": .1}    → {"passes": [{stage: {"ms": 1.2, "found": 3}, …}, …]}
    {"do": "embed", "jpeg": base64}                  → {"embedding": [...]}, of the largest face; null: no face
"""

import base64
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

Steps = Iterator[tuple[str, int]]
"""Does one stage after the other; after each gives the stage's name and how many faces are known by then."""


class Worker(Protocol):
    """One pipeline. A pipeline that cannot embed leaves `embed_largest` out; nobody asks it to."""

    def about(self) -> dict[str, Any]: ...
    def steps(self, jpeg: bytes) -> Steps: ...


def serve(worker: Worker) -> None:
    """Answers until the input ends."""
    # Libraries print where they like: standard output becomes the bench's alone, and theirs goes to standard error.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        answers.write(json.dumps(_answer(worker, json.loads(line))) + "\n")
        answers.flush()


def passes_of(steps: Callable[[], Steps], seconds: float) -> list[dict[str, dict[str, float]]]:
    """Every stage's milliseconds, again and again until `seconds` have passed, at least once."""
    end = time.perf_counter() + seconds
    passes = [dict(_clocked(steps()))]
    while time.perf_counter() < end:
        passes.append(dict(_clocked(steps())))
    return passes


def _clocked(steps: Steps) -> Iterator[tuple[str, dict[str, float]]]:
    start = time.process_time()
    for stage, found in steps:
        yield stage, {"ms": 1000 * (time.process_time() - start), "found": found}
        start = time.process_time()


def _answer(worker: Any, asked: dict[str, Any]) -> dict[str, Any]:
    if asked["do"] == "about":
        return dict(worker.about())
    jpeg = base64.b64decode(asked["jpeg"])
    if asked["do"] == "embed":
        return {"embedding": worker.embed_largest(jpeg)}
    return {"passes": passes_of(lambda: worker.steps(jpeg), asked["seconds"])}
