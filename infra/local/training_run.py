"""One training job: the entry point in a process of its own, with the folders and environment that SageMaker gives it.

The folder goes when the job ends: what it was given are biometrics.
"""

import json
import os
import signal
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import IO, Any

Request = Mapping[str, Any]

ENTRY_POINT = ("python", "-m", "training.retrain")
"""Of the one image that is played. A request runs nothing else: whoever reaches this port could run anything."""

GRACE_SECONDS = 10.0  # between SIGTERM and SIGKILL; AWS waits for 120, but a stack that ends should end soon
POLL_SECONDS = 0.05
LONGEST_REASON = 1024
FROM_PARENT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Ended:
    """How a job ended, in SageMaker's words."""

    status: str
    secondary: str
    reason: str | None = None


@dataclass(frozen=True)
class Runner:
    """`command` is what is run as the entry point. `environment` is the image's own, beside what SageMaker sets."""

    s3: Any
    command: Sequence[str]
    environment: Mapping[str, str]
    root: Path
    grace_seconds: float = GRACE_SECONDS

    def run(self, request: Request, stop: Event, on_stage: Callable[[str], None]) -> Ended:
        """Play the job to its end, or until `stop` is set; `on_stage` is told of SageMaker's secondary statuses."""
        with tempfile.TemporaryDirectory(dir=self.root) as name:
            folder = Path(name)
            on_stage("Downloading")
            _prepare(self.s3, request, folder)
            on_stage("Training")
            ended = self._trained(request, folder, stop, on_stage)
            on_stage("Uploading")
            _upload(self.s3, request, folder)
            return ended

    def _trained(self, request: Request, folder: Path, stop: Event, on_stage: Callable[[str], None]) -> Ended:
        process = subprocess.Popen(  # noqa: S603  # the command is ours
            self.command,
            cwd=folder,
            env=self._environment(request, folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that what it starts ends with it
        )
        assert process.stdout is not None  # noqa: S101  # for mypy
        log = Thread(target=_log, args=(process.stdout, request["TrainingJobName"]), daemon=True)
        log.start()
        longest = request["StoppingCondition"].get("MaxRuntimeInSeconds", 86_400)
        cut_off = self._waited(process, stop, longest, on_stage)
        _kill(process)  # whatever it has left behind
        log.join()
        if cut_off:
            return Ended("Stopped", cut_off)
        if process.returncode:
            # A process that a signal ended has a negative status, a container one from 128 on.
            status = process.returncode if process.returncode > 0 else 128 - process.returncode
            return Ended("Failed", "Failed", _reason(folder, status))
        return Ended("Completed", "Completed")

    def _waited(
        self,
        process: "subprocess.Popen[bytes]",
        stop: Event,
        longest_seconds: float,
        on_stage: Callable[[str], None],
    ) -> str:
        """Why it was stopped; nothing if it ended by itself."""
        deadline = monotonic() + longest_seconds
        while process.poll() is None:
            if stop.wait(POLL_SECONDS) or monotonic() > deadline:
                on_stage("Stopping")
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(self.grace_seconds)
                return "Stopped" if stop.is_set() else "MaxRuntimeExceeded"
        return ""

    def _environment(self, request: Request, folder: Path) -> dict[str, str]:
        """No credentials: a job in network isolation has none, and reaches nobody with them."""
        channels = {
            f"SM_CHANNEL_{channel['ChannelName'].upper()}": str(_channel(folder, channel))
            for channel in request.get("InputDataConfig", [])
        }
        return {
            **{name: os.environ[name] for name in FROM_PARENT if name in os.environ},
            **self.environment,
            "HOME": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "PYTHONUNBUFFERED": "1",
            "TRAINING_JOB_NAME": request["TrainingJobName"],
            "SM_MODEL_DIR": str(folder / "model"),
            "SM_OUTPUT_DIR": str(folder / "output"),
            "SM_OUTPUT_DATA_DIR": str(folder / "output" / "data"),
            "SM_HPS": json.dumps(_hyperparameters(request)),
            **channels,
        }


def objects_of(s3: Any, channel: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Bucket, key and path in the channel's folder, of every object that the channel names."""
    source = channel["DataSource"]["S3DataSource"]
    bucket, _, prefix = source["S3Uri"].removeprefix("s3://").partition("/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for each in page.get("Contents", []):
            below = each["Key"].removeprefix(prefix).lstrip("/")
            if not each["Key"].endswith("/"):
                yield bucket, each["Key"], below or each["Key"].rsplit("/", 1)[-1]


def _channel(folder: Path, channel: Mapping[str, Any]) -> Path:
    return folder / "input" / "data" / str(channel["ChannelName"])


def _prepare(s3: Any, request: Request, folder: Path) -> None:
    for name in ("model", "output/data", "input/config", "tmp"):
        (folder / name).mkdir(parents=True)
    given = json.dumps(request.get("HyperParameters", {}))
    (folder / "input" / "config" / "hyperparameters.json").write_text(given)
    for channel in request.get("InputDataConfig", []):
        home = _channel(folder, channel)
        home.mkdir(parents=True)
        for bucket, key, below in objects_of(s3, channel):
            path = (home / below).resolve()
            if not path.is_relative_to(home.resolve()):
                raise ValueError(f"The key {key} leads out of its channel.")
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, key, str(path))


def _upload(s3: Any, request: Request, folder: Path) -> None:
    """What the job has written, also if it was stopped or failed; nothing if there is nothing."""
    to = f"{request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{request['TrainingJobName']}/output"
    bucket, _, prefix = to.removeprefix("s3://").partition("/")
    for name, written in (("model.tar.gz", folder / "model"), ("output.tar.gz", folder / "output" / "data")):
        if any(written.iterdir()):
            s3.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=_packed(written))


def _packed(folder: Path) -> bytes:
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)
    return packed.getvalue()


def _hyperparameters(request: Request) -> dict[str, Any]:
    """SageMaker hands texts on; its script mode reads each as JSON where it is JSON."""
    return {name: _read(text) for name, text in request.get("HyperParameters", {}).items()}


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _reason(folder: Path, status: int) -> str:
    file = folder / "output" / "failure"
    said = file.read_text(errors="replace").strip() if file.exists() else ""
    return f"AlgorithmError: {said}, exit code: {status}"[:LONGEST_REASON]


def _log(lines: IO[bytes], job: str) -> None:
    """Line by line, among what functions print."""
    with lines:
        for line in lines:
            print(f"{job} {line.decode(errors='replace').rstrip()}")


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
