"""The primitives of dlib's serialization: portable integers, floats, strings, booleans, tensors, matrices.

An integer is a header byte (low nibble: how many bytes follow, high bit: negative) and a little-endian magnitude.
A float is a mantissa and an exponent of two, both integers. Everything else is built of these.
"""

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from chalicelib.domain.errors import PackRefused

_NOT_FINITE = {32000: math.inf, 32001: -math.inf, 32002: math.nan}
_T = TypeVar("_T")


class DlibReader:
    """Reads values one after the other from `content`; raises PackRefused where it is not what dlib writes."""

    def __init__(self, content: bytes, name: str) -> None:
        self._content = content
        self._name = name
        self._at = 0

    def integer(self) -> int:
        header = self._take(1)[0]
        magnitude = int.from_bytes(self._take(header & 0x0F), "little")
        return -magnitude if header & 0x80 else magnitude

    def number(self) -> float:
        mantissa, exponent = self.integer(), self.integer()
        if exponent in _NOT_FINITE:
            return _NOT_FINITE[exponent]
        return math.ldexp(mantissa, exponent)

    def text(self) -> str:
        return self._take(self.integer()).decode("ascii")

    def boolean(self) -> bool:
        return self._take(1) == b"1"

    def tensor(self) -> np.ndarray:
        """(samples, channels, rows, columns) float32; stored raw, little-endian."""
        self.expect(2, "a tensor")
        shape = tuple(self.integer() for _ in range(4))
        values = np.frombuffer(self._take(4 * math.prod(shape)), dtype="<f4")
        return values.reshape(shape)

    def alias_tensor(self) -> tuple[int, ...]:
        """The shape under which a part of a layer's parameters is seen."""
        self.expect(1, "an alias of a tensor")
        return tuple(self.integer() for _ in range(4))

    def matrix(self) -> np.ndarray:
        """(rows, columns) float32. dlib writes the sizes negated to tell this format from an older one."""
        rows, columns = abs(self.integer()), abs(self.integer())
        return np.array([self.number() for _ in range(rows * columns)], np.float32).reshape(rows, columns)

    def sequence(self, read: Callable[[], _T]) -> list[_T]:
        """A length, then that many values."""
        return [read() for _ in range(self.integer())]

    def expect(self, value: int | str, meaning: str) -> None:
        found = self.text() if isinstance(value, str) else self.integer()
        if found != value:
            raise PackRefused(
                f"{self._name}: expected {value!r} ({meaning}) before byte {self._at}, found {found!r}"
            )

    def end(self) -> None:
        if self._at != len(self._content):
            raise PackRefused(
                f"{self._name}: {len(self._content) - self._at} bytes follow where the file should end"
            )

    def _take(self, count: int) -> bytes:
        taken = self._content[self._at : self._at + count]
        if len(taken) != count:
            raise PackRefused(f"{self._name}: ends at byte {len(self._content)}, in the middle of a value")
        self._at += count
        return taken
