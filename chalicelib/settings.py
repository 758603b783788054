"""Every setting and limit, frozen; the only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path

MIB = 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """Names come from the environment as ROLLCALL_<NAME>; limits have defaults that suit a school."""

    prefix: str = "rollcall"
    bucket: str = "rollcall-pictures"
    pack_dir: Path = Path("build/packs/pypi")

    next_frame_seconds: int = 10
    frame_wait_max_seconds: int = 5
    upload_ticket_seconds: int = 300
    upload_record_seconds: int = 86_400
    frame_record_days: int = 400
    closing_patience_seconds: int = 120
    due_lookback_hours: int = 48
    max_frame_bytes: int = 12 * MIB
    max_registration_bytes: int = 64 * MIB
    max_registration_photos: int = 10
    max_page_items: int = 100
    cached_galleries: int = 8

    @property
    def closing_patience(self) -> timedelta:
        return timedelta(seconds=self.closing_patience_seconds)

    def table(self, name: str) -> str:
        return f"{self.prefix}-{name}"


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from ROLLCALL_* variables. Raises ValueError naming the variable that is no number."""
    given: dict[str, object] = {}
    for field in fields(Settings):
        name = f"ROLLCALL_{field.name.upper()}"
        if name in environ:
            given[field.name] = _parse(name, environ[name], type(field.default))
    return Settings(**given)  # type: ignore[arg-type]


def _parse(name: str, text: str, kind: type) -> object:
    if not issubclass(kind, int):
        return Path(text) if issubclass(kind, Path) else text
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"{name} must be a whole number, not {text!r}.") from error
