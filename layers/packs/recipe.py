"""What a builder declares: the pack's settings, and which sources become which file by which conversion."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from layers.packs.downloads import ModelFile
from layers.packs.sources import SourceFile

Source = SourceFile | ModelFile


@dataclass(frozen=True)
class Output:
    """One file of a pack: `convert` makes its bytes of the sources' bytes, the same every time."""

    name: str
    sources: tuple[Source, ...]
    convert: Callable[..., bytes]


@dataclass(frozen=True)
class Recipe:
    """`version` changes when a conversion changes: the built files of another version are built again.

    `otherwise`: the same pack from other sources, where those of this recipe are not at hand.
    """

    name: str
    version: str
    settings: Mapping[str, Any]
    outputs: tuple[Output, ...]
    otherwise: "Recipe | None" = None

    def variants(self) -> tuple["Recipe", ...]:
        """This recipe and what may be used instead, the preferred first."""
        return (self, *(self.otherwise.variants() if self.otherwise else ()))

    def sources(self) -> tuple[Source, ...]:
        """What the outputs are made of, each once."""
        return tuple(dict.fromkeys(source for output in self.outputs for source in output.sources))

    def declaration(self) -> dict[str, Any]:
        """The pack.json, without the sizes and hashes that only building tells."""
        files = {
            output.name: {"sources": [_provenance(source) for source in output.sources]}
            for output in self.outputs
        }
        head = {"format": 1, "name": self.name, "version": self.version}
        return {**head, **self.settings, "files": files}


def _provenance(source: Source) -> dict[str, str]:
    if isinstance(source, ModelFile):
        known = {"origin": source.origin, "url": source.url, "file": source.filename}
        return {**known, "sha256": source.sha256, "licence": source.licence}
    return {
        "package": source.archive.package,
        "version": source.archive.version,
        "archive": source.archive.filename,
        "archive_sha256": source.archive.sha256,
        "file": source.member,
        "sha256": source.sha256,
        "licence": source.licence,
    }
