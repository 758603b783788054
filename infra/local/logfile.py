"""A text stream for many threads: whole lines, never one within another."""

import io
import threading
from typing import TextIO


class LineFile(io.TextIOBase):
    """`print` writes a text and its end of line separately: gather each thread's line, then write it at once."""

    def __init__(self, target: TextIO) -> None:
        self._target = target
        self._begun = threading.local()
        self._lock = threading.Lock()

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        whole, newline, rest = (getattr(self._begun, "line", "") + text).rpartition("\n")
        self._begun.line = rest
        if newline:
            with self._lock:
                self._target.write(whole + newline)
                self._target.flush()
        return len(text)
