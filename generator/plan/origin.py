"""Where something comes from: the key path and the place in the inventory."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A stretch of one line of an inventory file; ``line`` and ``column`` count from 1, ``length`` in characters."""

    file: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Origin:
    """The inventory entry that caused something.

    ``path`` is the dotted key path (``nodes.solr-1.datasets.index``), the only part that node files mention;
    ``span`` is for people and for the fleet's manifest, and counts neither for equality nor for ``repr``, because
    a moved line must change no node.
    """

    path: str
    span: Span | None = field(default=None, compare=False, repr=False)
