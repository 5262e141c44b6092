"""A bash script as a syntax tree, with what the rules ask for already sorted out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_bash.language()))
_NO_NODES: Sequence[tuple[Node, bool]] = ()


def text(node: Node) -> str:
    """The source text of ``node``."""
    return (node.text or b"").decode("utf-8", "replace")


def line(node: Node) -> int:
    """The line that ``node`` starts on, counted from 1."""
    return node.start_point[0] + 1


def descendants(node: Node, kinds: Collection[str]) -> Iterator[Node]:
    """Every node of ``kinds`` below ``node``."""
    for child in node.named_children:
        if child.type in kinds:
            yield child
        yield from descendants(child, kinds)


@dataclass(frozen=True)
class Script:
    """A parsed script."""

    root: Node

    @property
    def first_error(self) -> int | None:
        """The first line that the grammar could not place, None if it placed them all."""
        if not self.root.has_error:
            return None
        node = self.root
        while True:
            broken = next((child for child in node.children if child.has_error or child.is_error), None)
            if broken is None:
                return line(node)
            node = broken

    def nodes(self, kind: str) -> Sequence[tuple[Node, bool]]:
        """Every node of ``kind`` in the order of the text, and whether it stands in a function."""
        return self._by_kind.get(kind, _NO_NODES)

    @cached_property
    def _by_kind(self) -> dict[str, list[tuple[Node, bool]]]:
        found: dict[str, list[tuple[Node, bool]]] = defaultdict(list)
        pending = [(self.root, False)]
        while pending:
            node, inside = pending.pop()
            found[node.type].append((node, inside))
            within = inside or node.type == "function_definition"
            pending.extend((child, within) for child in reversed(node.children))
        return found

    @cached_property
    def functions(self) -> frozenset[str]:
        """Names of the functions that the script defines."""
        names = (node.child_by_field_name("name") for node, _ in self.nodes("function_definition"))
        return frozenset(text(name) for name in names if name is not None)


def parse(source: bytes) -> Script:
    """The tree of ``source``; never raises, errors are nodes of the tree."""
    return Script(_PARSER.parse(source).root_node)
