"""What the figures were measured on: ratios carry over to like processors, milliseconds do not."""

import os
import platform
import re
from pathlib import Path

_WIDE = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "asimd", "asimddp", "i8mm")


def machine() -> dict[str, str | list[str] | float]:
    """The processor, those of its vector units that matter here, and how busy it was just now (1: one core)."""
    told = Path("/proc/cpuinfo").read_text()
    flags = set(re.findall(r"^(?:flags|Features)\s*:(.*)$", told, re.MULTILINE)[0].split())
    names = re.findall(r"^model name\s*:\s*(.*)$", told, re.MULTILINE)
    return {
        "processor": names[0] if names else platform.machine(),
        "vector_units": [each for each in _WIDE if each in flags],
        "load": round(os.getloadavg()[0], 1),
    }
