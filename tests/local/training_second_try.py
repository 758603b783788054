"""In place of training.retrain: waits to be killed, and when it is tried again hands over what lies in a folder."""

import os
import shutil
import sys
import time
from pathlib import Path


def main(folder: Path) -> int:
    killed = folder / "pid"
    if not killed.exists():
        killed.with_suffix(".new").write_text(str(os.getpid()))
        killed.with_suffix(".new").rename(killed)
        time.sleep(60)
    shutil.copytree(folder / "model", os.environ["SM_MODEL_DIR"], dirs_exist_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
