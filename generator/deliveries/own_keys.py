"""Keys that a node makes when it is installed, as every delivery finds them: by the sealed files beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from generator.keys.openssh import public_halves
from generator.plan import OWN_KEY_SUFFIX
from generator.render.model import Kind, RenderedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKeyFile:
    """A key at ``path`` with its owner, group and mode; ``public`` halves that it may have, none if nobody knows."""

    path: str
    owner: str
    group: str
    mode: int
    public: tuple[str, ...]


def own_key_files(files: Iterable[RenderedFile]) -> tuple[OwnKeyFile, ...]:
    """The keys that ``files`` of a node speak of, in their order."""
    return tuple(
        OwnKeyFile(
            path=file.path.removesuffix(OWN_KEY_SUFFIX),
            owner=file.owner,
            group=file.group,
            mode=file.mode,
            public=public_halves(file.content),
        )
        for file in files
        if file.kind is Kind.OWN_KEY
    )
