"""Whether faces are recognised at all: one switch for the whole deployment."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.errors import BiometricsOff


@dataclass(frozen=True)
class Biometrics:
    """`erasing`: it is off, and templates and pictures are still being deleted; it cannot be switched on meanwhile."""

    on: bool = True
    changed_at: datetime | None = None
    changed_by: str | None = None
    erasing: bool = False

    def require_on(self) -> None:
        """Raises BiometricsOff."""
        if not self.on:
            raise BiometricsOff(
                "Recognition of faces is switched off here; attendance is taken by hand or code."
            )


ON = Biometrics()
