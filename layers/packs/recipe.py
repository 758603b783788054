"""What a builder declares: the pack's settings, and which source becomes which file by which conversion."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from layers.packs.sources import SourceFile


@dataclass(frozen=True)
class Output:
    """One file of a pack: `convert` makes its bytes of the source's, the same bytes every time."""

    name: str
    source: SourceFile
    convert: Callable[[bytes], bytes]


@dataclass(frozen=True)
class Recipe:
    """`version` changes when a conversion changes: the built files of another version are built again."""

    name: str
    version: str
    settings: Mapping[str, Any]
    outputs: tuple[Output, ...]

    def declaration(self) -> dict[str, Any]:
        """The pack.json, without the sizes and hashes that only building tells."""
        files = {output.name: {"source": _provenance(output.source)} for output in self.outputs}
        head = {"format": 1, "name": self.name, "version": self.version}
        return {**head, **self.settings, "files": files}


def _provenance(source: SourceFile) -> dict[str, str]:
    return {
        "package": source.archive.package,
        "version": source.archive.version,
        "archive": source.archive.filename,
        "archive_sha256": source.archive.sha256,
        "file": source.member,
        "sha256": source.sha256,
        "licence": source.licence,
    }
