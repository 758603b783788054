"""A process that has done nothing yet: how long until its first sighting, and how much memory it takes.

As a program, `python -m tests.bench.fresh PACK_DIRECTORY PEOPLE OCCASIONS VIEWS < FRAME`, it is that process.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from tests.bench.contestants import ROOT, rules
from tests.bench.stages import ROSTER

_SCHOOL = (10_000, 3, 5)
"""People, occasions of each, views of each occasion: as many as an enrolment keeps of a clip."""
_STARTS = 5


def cold_start_ms(pack_directory: Path, jpeg: bytes, starts: int = _STARTS) -> float:
    """From the start of an interpreter to the first sighting, a roster loaded; the files are in the page cache."""
    _first_sighting(pack_directory, jpeg, ROSTER, 1, 1)  # fills the page cache
    return median(_first_sighting(pack_directory, jpeg, ROSTER, 1, 1)[0] for _ in range(starts))


def peak_memory_mib(pack_directory: Path, jpeg: bytes) -> float:
    """The most that a process ever held that keeps the templates of a school as one gallery and reads a frame."""
    return _first_sighting(pack_directory, jpeg, *_SCHOOL)[1]


def _first_sighting(
    pack_directory: Path, jpeg: bytes, people: int, occasions: int, views: int
) -> tuple[float, float]:
    """Milliseconds, and MiB at the most."""
    sizes = [str(each) for each in (people, occasions, views)]
    command = [sys.executable, "-m", "tests.bench.fresh", str(pack_directory), *sizes]
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, env=rules(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(jpeg)
        process.stdin.close()
        line = process.stdout.readline()
        milliseconds = 1000 * (time.perf_counter() - start)
    answer = json.loads(line or "{}")
    if not answer.get("found"):
        raise RuntimeError("The fresh process saw no face: nothing was measured.")
    return milliseconds, answer["peak_mib"]


def _recognise(pack_directory: Path, people: int, occasions: int, views: int) -> None:
    from chalicelib.vision.pack import load_pack
    from chalicelib.vision.recogniser import Recogniser
    from tests.bench.roster import gallery

    pack = load_pack(pack_directory)
    recogniser = Recogniser(pack)
    enrolled = gallery(recogniser, pack, people, occasions, views)
    seen = recogniser.recognise(sys.stdin.buffer.read(), enrolled)
    print(json.dumps({"found": len(seen.sightings), "peak_mib": _peak_kib() / 1024}), flush=True)


def _peak_kib() -> int:
    """Linux's own mark: getrusage's is also raised by the process that started this one."""
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(peak)


if __name__ == "__main__":
    _recognise(Path(sys.argv[1]), *(int(each) for each in sys.argv[2:]))
