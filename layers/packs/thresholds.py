"""The thresholds that packs are shipped with: measured by `python -m training.calibrate`, committed beside this module.

Each file names the command that wrote it and on how many people it was measured.
"""

import json
from pathlib import Path
from typing import Any


def path_of(pack: str) -> Path:
    return Path(__file__).with_name(f"thresholds-{pack}.json")


def read_thresholds(pack: str) -> dict[str, Any]:
    """The `thresholds` of pack.json."""
    thresholds: dict[str, Any] = json.loads(path_of(pack).read_text())["thresholds"]
    return thresholds
