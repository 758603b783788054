"""A retraining run in Weights & Biases: what it was given, what came out, and which data the model is from.

With WANDB_API_KEY it is shown at once, otherwise written below the job's output for `wandb sync`. It runs in a process
of its own that is given the files of the model and nothing else: no embedding can be in it, and whatever becomes of it,
the job goes on. What wandb would say of the machine, its code and its users is switched off.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from training.artefact import DET, MANIFEST, RELIABILITY, REPORT, read_files, write_files

TIMEOUT_SECONDS = 180
PROJECT = "rollcall"
_FILES = Path("artifacts")  # below the job's output, beside wandb's own folder
_KEEPS_FROM = ("host", "username", "email")


def track(
    model: Path, output: Path, job_id: str, metrics: Mapping[str, float], say: Callable[[str], None]
) -> None:
    """Never raises: a run that could not be tracked is said to be none. One that cannot be shown at once is kept."""
    for mode in ("online", "offline") if os.environ.get("WANDB_API_KEY") else ("offline",):
        said = {"model": str(model), "output": str(output), "job_id": job_id, "metrics": dict(metrics)}
        try:
            output.mkdir(parents=True, exist_ok=True)
            problem = _run_apart(json.dumps({**said, "mode": mode}))
        except (OSError, ValueError) as error:
            problem = f"{type(error).__name__}: {error}"
        if problem is None:
            return say(f"tracked in W&B ({mode})")
        shutil.rmtree(output / "wandb", ignore_errors=True)
        say(f"not tracked in W&B ({mode}): {problem}")
    return None


def _run_apart(said: str) -> str | None:
    """What went wrong; wandb's own processes end with it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "training.tracking"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        _, errors = process.communicate(said, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return f"not done within {TIMEOUT_SECONDS} s"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return None if process.returncode == 0 else (errors.strip().splitlines() or ["no reason given"])[-1]


def main() -> int:
    said = json.load(sys.stdin)
    output, files = Path(said["output"]), read_files(Path(said["model"]))
    os.chdir(output)  # paths in the run are relative: it can be synced from wherever its folder is taken to
    with tempfile.TemporaryDirectory() as aside:
        os.environ.update(WANDB_DATA_DIR=".", WANDB_CACHE_DIR=aside, WANDB_CONFIG_DIR=aside)
        _show(files, said["job_id"], said["metrics"], online=said["mode"] == "online")
    for logs in Path("wandb").glob("*/logs"):
        shutil.rmtree(logs)
    return 0


def _show(files: Mapping[str, bytes], job_id: str, metrics: Mapping[str, float], *, online: bool) -> None:
    import wandb

    report = json.loads(files[REPORT])
    write_files(files, _FILES)
    run = wandb.init(
        project=os.environ.get("WANDB_PROJECT", PROJECT),
        id=job_id,
        name=report["model_id"],
        job_type="retrain",
        resume="allow" if online else None,  # one that was interrupted and is run again is the same run
        config={
            name: report[name] for name in ("champion_id", "pack_id", "model_id", "data_version", "promise")
        },
        settings=_settings(online=online),
    )
    run.log(dict(metrics))
    run.log(
        {
            name.partition(".")[0]: wandb.Html(files[name].decode(), inject=False)
            for name in (DET, RELIABILITY)
            if name in files
        }
    )
    data = wandb.Artifact("registrations", "dataset", metadata=_lineage(report, "data_version"))
    data.add_file(str(_FILES / MANIFEST), policy="immutable")
    # Offline, wandb knows of no artifact that is used: there the versions in both metadata are the lineage.
    run.use_artifact(data) if online else run.log_artifact(data)
    model = wandb.Artifact(
        "model", "model", metadata=_lineage(report, "model_id", "data_version", "champion_id")
    )
    for name in files:
        model.add_file(str(_FILES / name), policy="immutable")
    run.log_artifact(model, aliases=[report["model_id"].rpartition("~")[2]])
    run.finish()


def _lineage(report: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: report[name] for name in ("pack_id", *names)}


def _settings(*, online: bool) -> Any:
    import wandb

    return wandb.Settings(
        mode="online" if online else "offline",
        root_dir=".",
        program="training.retrain",
        console="off",
        silent=True,
        symlink=False,
        save_code=False,
        disable_code=True,
        disable_git=True,
        disable_job_creation=True,
        sagemaker_disable=True,
        label_disable=True,
        init_timeout=30,
        x_disable_meta=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
        x_disable_viewer=True,
        x_save_requirements=False,
        **dict.fromkeys(_KEEPS_FROM, ""),
    )


if __name__ == "__main__":
    sys.exit(main())
