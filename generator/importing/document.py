"""An inventory's text that is changed in single places: every other byte stays as a person wrote it."""

from __future__ import annotations

from typing import Any

import yaml

from generator.importing.proposal import KeyPath
from generator.importing.writing import STEP, entry, flow, scalar

# An empty line stands before each of these.
SECTIONS = ("defaults", "profiles", "groups", "nodes", "plans")
# How many levels of keys below each part are blocks whatever their size.
LEVELS: dict[KeyPath, int] = {("nodes",): 1, ("plans",): 1}


class Document:
    """A text that `generator.source` reads without a problem; changes are collected, and made by `text`."""

    def __init__(self, text: str) -> None:
        self._text = text if text.endswith("\n") or not text else f"{text}\n"
        # the pure reader counts in characters, whatever they are made of
        self._root: Any = yaml.compose(self._text, Loader=yaml.SafeLoader)
        # (start, depth from the deepest, end, new text): at one place, what belongs further in comes first
        self._edits: list[tuple[int, int, int, str]] = []
        self._filled: dict[int, int] = {}  # empty mappings and lists that have got entries, by their place

    def text(self) -> str:
        """The text with all changes."""
        made = []
        done = 0
        for start, _, end, new in sorted(self._edits, key=lambda edit: edit[:2]):
            made += [self._text[done:start], new]
            done = end
        return "".join((*made, self._text[done:]))

    def replace(self, path: KeyPath, value: Any) -> None:
        """Gives the scalar at ``path`` another value."""
        node = self._node(path)
        self._edit(node.start_mark.index, node.end_mark.index, scalar(value))

    def add(self, path: KeyPath, key: str, value: Any) -> None:
        """Adds a key to the mapping at ``path``."""
        node = self._node(path)
        blocks = LEVELS.get(path, 0) if path else LEVELS.get((key,), 0) + (key in SECTIONS)
        if node.flow_style and (node.value or not path or not self._can_be_block(node, path)):
            self._insert_into_flow(node, f"{scalar(key)}: {flow(value)}")
        elif node.value:
            indent = node.value[0][0].start_mark.column
            first = not path and key not in SECTIONS  # what is said of the whole fleet stands at its top
            space = "\n" if not path and key in SECTIONS else ""
            behind = node.value[0][1] if first else node
            self._insert_line(behind, space + entry(key, value, indent, blocks), indent)
        else:
            indent = self._column(path) + STEP
            self._fill(node, entry(key, value, indent, blocks), indent)

    def append(self, path: KeyPath, value: Any) -> None:
        """Adds a scalar or a small mapping to the list at ``path``."""
        node = self._node(path)
        if node.flow_style:
            self._insert_into_flow(node, flow(value))
        else:
            indent = node.start_mark.column
            # an item may stand as far out as the key of its list, and still comes before that key's neighbours
            self._insert_line(node, f"{' ' * indent}- {flow(value)}\n", indent + 1)

    def _insert_into_flow(self, node: Any, text: str) -> None:
        place = node.end_mark.index - 1
        if not node.value:
            count = self._filled[place] = self._filled.get(place, 0) + 1
            self._edit(place, place, text if count == 1 else f", {text}")
            return
        # behind the last value, before whatever comment or line break precedes the bracket
        last = node.value[-1]
        end = (last[1] if isinstance(last, tuple) else last).end_mark.index
        self._edit(end, end, f", {text}")

    def _insert_line(self, node: Any, text: str, indent: int) -> None:
        place = self._text.index("\n", _end(node)) + 1
        self._edit(place, place, text, indent)

    def _fill(self, node: Any, text: str, indent: int) -> None:
        """Puts the first entries of an empty mapping below its key."""
        start, end = node.start_mark.index, node.end_mark.index
        if start not in self._filled:
            self._filled[start] = 1
            # the blank before `{}` goes too
            self._edit(len(self._text[:start].rstrip(" ")), end, "")
        place = self._text.index("\n", end) + 1
        self._edit(place, place, text, indent)

    def _edit(self, start: int, end: int, new: str, indent: int = 0) -> None:
        self._edits.append((start, -indent, end, new))

    def _can_be_block(self, node: Any, path: KeyPath) -> bool:
        if self._node(path[:-1]).flow_style:
            return False
        rest = self._text[node.end_mark.index :].split("\n", 1)[0].strip()
        return not rest or rest.startswith("#")

    def _column(self, path: KeyPath) -> int:
        """Where the last key of ``path`` begins in its line."""
        parent = self._node(path[:-1])
        column: int = next(name.start_mark.column for name, _ in parent.value if name.value == path[-1])
        return column

    def _node(self, path: KeyPath) -> Any:
        node = self._root
        for key in path:
            node = _child(node, key)
        return node


def _child(node: Any, key: str) -> Any:
    """The value of ``key``; in a list, the mapping whose `node` is ``key``."""
    if isinstance(node, yaml.SequenceNode):
        return next(one for one in node.value if _child(one, "node").value == key)
    return next(value for name, value in node.value if name.value == key)


def _end(node: Any) -> int:
    """Where the last character of ``node`` stands; the mark of a block's end is behind the comments that follow."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    place: int = node.end_mark.index
    return place
