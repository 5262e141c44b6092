"""Comment lines that say what a person must add: the importer's own, renewed at every import."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from generator.diagnostics.model import Diagnostic
from generator.importing.proposal import Gap, KeyPath, error
from generator.importing.writing import STEP
from generator.source import Mapping as Tree
from generator.source import Node, Sequence, plain

MARK = "# to add: "
MARKED = re.compile(rf"^[ ]*{MARK}.*\n?", re.MULTILINE)
MOST_NAMED = 12


def without_marks(text: str) -> str:
    """``text`` without the lines of earlier imports."""
    return MARKED.sub("", text)


def still_open(gaps: Iterable[Gap], now: Mapping[str, Any]) -> tuple[Gap, ...]:
    """The gaps that nobody has filled in the inventory ``now``; what a person removed altogether is no gap."""
    return tuple(gap for gap in gaps if _is_open(gap, now))


def _is_open(gap: Gap, now: Any) -> bool:
    lacking = _at(now, gap.place)
    return isinstance(lacking, Mapping) and not _at(lacking, gap.keys) and not (gap.instead and _at(now, gap.instead))


def _at(value: Any, path: KeyPath) -> Any:
    """What stands at ``path``, or None; an item of a list is found by its `node`."""
    for key in path:
        if isinstance(value, (list, tuple)):
            value = next((one for one in value if isinstance(one, Mapping) and one.get("node") == key), None)
        else:
            value = value.get(key) if isinstance(value, Mapping) else None
    return value


def with_marks(text: str, tree: Tree, gaps: Iterable[Gap]) -> str:
    """``text``, whose tree is ``tree``, with a line for each gap below the key of the mapping that lacks it."""
    lines = text.split("\n")
    marks: dict[int, list[str]] = {}
    for gap in gaps:
        line, indent = _place(tree, gap)
        marks.setdefault(line, []).append(f"{' ' * indent}{MARK}{gap.hint}")
    made: list[str] = []
    for number, line_text in enumerate(lines, start=1):
        made.append(line_text)
        made += marks.get(number, [])
    return "\n".join(made)


def _place(tree: Tree, gap: Gap) -> tuple[int, int]:
    """The line behind which a mark stands, and its indentation: below an empty value, or below the mapping's key."""
    node: Node = tree
    line, column = next(iter(tree.entries.values())).key.line, 1 - STEP
    for key in gap.place:
        if isinstance(node, Sequence):
            node = next(one for one in node.items if isinstance(one, Tree) and plain(one).get("node") == key)
            line, column = node.span.line, node.span.column
        elif isinstance(node, Tree):
            entry = node.entries[key]
            line, column, node = entry.key.line, entry.key.column, entry.value
    if len(gap.keys) == 1 and isinstance(node, Tree) and (empty := node.entries.get(gap.keys[0])) is not None:
        line, column = empty.key.line, empty.key.column
    return line, column - 1 + STEP


def reported(gaps: Iterable[Gap]) -> tuple[Diagnostic, ...]:
    """One problem for each kind of gap, with all that have it."""
    made = []
    for (code, problem, advice), group in groupby(gaps, key=lambda gap: (gap.code, gap.problem, gap.advice)):
        subjects = [gap.subject for gap in group]
        more = f" and {len(subjects) - MOST_NAMED} more" if len(subjects) > MOST_NAMED else ""
        made.append(error(code, f"{problem}: {', '.join(subjects[:MOST_NAMED])}{more}", advice))
    return tuple(made)
