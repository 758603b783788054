"""In place of training.retrain: does what its hyperparameter `do` says, and writes down what it was given."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

MODEL, OUTPUT = Path(os.environ["SM_MODEL_DIR"]), Path(os.environ["SM_OUTPUT_DIR"])


def on_term(_number: int, _frame: FrameType | None) -> None:
    print("told to stop", flush=True)
    sys.exit(143)


def main(do: str) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN if do == "ignore" else on_term)
    channel = Path(os.environ["SM_CHANNEL_TEMPLATES"])
    found = sorted(str(path.relative_to(channel)) for path in channel.rglob("*") if path.is_file())
    said = {"environment": dict(os.environ), "templates": found, "folder": str(Path.cwd())}
    print(f"reading {len(found)} files")
    if do == "nothing":
        return 0
    (MODEL / "model.json").write_text(json.dumps(said))
    (Path(os.environ["SM_OUTPUT_DATA_DIR"]) / "run.log").write_text("offline")
    if do == "fail":
        (OUTPUT / "failure").write_text("the dataset is of another pack")
        return 3
    if do == "orphan":
        subprocess.Popen(["sleep", "60"])
    if do in ("hang", "ignore"):
        print(f"waiting as {os.getpid()}", flush=True)
        time.sleep(60)
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(os.environ["SM_HPS"]).get("do", "finish")))
