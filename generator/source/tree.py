"""The located tree: what YAML says, with the place of every key and value."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from generator.plan.origin import Span

ScalarValue: TypeAlias = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """One text, whole number, truth value or null; ``written`` is false where the file has nothing at all."""

    value: ScalarValue
    span: Span
    written: bool = True


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's place, and its value."""

    key: Span
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Entries by key, in the order of the file; not to be changed."""

    entries: AbstractMapping[str, Entry]
    span: Span

    def get(self, key: str) -> Node | None:
        """The value of ``key``, or None where it is absent."""
        entry = self.entries.get(key)
        return None if entry is None else entry.value


Node: TypeAlias = Scalar | Sequence | Mapping


def plain(node: Node) -> Any:
    """``node`` without positions: dictionaries, tuples and scalars."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return tuple(plain(item) for item in node.items)
        case Mapping():
            return {key: plain(entry.value) for key, entry in node.entries.items()}
        case _:
            assert_never(node)
