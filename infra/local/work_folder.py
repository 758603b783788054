"""A folder for what must not outlive the stack: a stack that was killed leaves its own to the next to delete."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "lock"


@contextmanager
def work_folder(prefix: str, home: Path | None = None) -> Iterator[Path]:
    """Readable by its owner alone. First deletes those of the same prefix whose process is no more."""
    home = home or Path(tempfile.gettempdir())
    for left in home.glob(f"{prefix}*"):
        _delete_unless_held(left)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=home))
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system gives it back however this process ends
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def _delete_unless_held(folder: Path) -> None:
    try:
        with (folder / LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
    except OSError:
        return  # another stack's, which runs or begins, or another user's
