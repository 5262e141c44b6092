"""Goes on after broken values: what is left of an inventory can still show what else is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from generator.diagnostics.model import Diagnostic
from generator.inventory.language import InventoryPart
from generator.source import Mapping, Node, Sequence, plain

ROUNDS = 4
# What may only be missing because a broken value was taken away.
DOUBTFUL = frozenset(
    {"C0202", "C0218", "C0306", "C0307", "C0312", "C0315", "C0316", "C0317", "C0320", "C0322", "C0323", "C0329"}
)

Doomed: TypeAlias = dict[str | int, "Doomed"]


class Salvage:
    """The largest part of ``tree`` that validates; ``part`` is None where nothing does."""

    def __init__(self, tree: Mapping, error: ValidationError) -> None:
        self.tree = tree
        self.part: InventoryPart | None = None
        self._gone: set[str] = set()
        for _ in range(ROUNDS):
            doomed = self._doom(error.errors(include_url=False, include_input=False))
            pruned = _prune(self.tree, doomed) if doomed is not None else None
            if not isinstance(pruned, Mapping):
                return
            self.tree = pruned
            try:
                self.part = InventoryPart.model_validate(plain(pruned))
            except ValidationError as again:
                error = again
            else:
                return

    def certain(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """Those of ``found`` that cannot come from what was taken away."""
        names = [f"`{name}`" for name in self._gone]
        return [one for one in found if one.code not in DOUBTFUL and not any(name in one.message for name in names)]

    def _doom(self, errors: Iterable[ErrorDetails]) -> Doomed | None:
        doomed: Doomed = {}
        for error in errors:
            steps = [step for step in error["loc"] if not str(step).startswith("<")]
            if "[key]" in steps:
                steps = steps[: steps.index("[key]")]
            elif error["type"] == "missing":
                steps = steps[:-1]
            if not steps:
                return None
            self._gone.update(str(step) for step in steps[-1:])
            below: Any = doomed
            for step in steps:
                below = below.setdefault(step, {})
            below[""] = {}
        return doomed


def _prune(node: Node, doomed: Doomed) -> Node | None:
    if "" in doomed:
        return None
    if isinstance(node, Mapping):
        kept = {}
        for key, entry in node.entries.items():
            value = _prune(entry.value, doomed[key]) if key in doomed else entry.value
            if value is not None:
                kept[key] = entry if value is entry.value else type(entry)(entry.key, value)
        return Mapping(kept, node.span)
    if isinstance(node, Sequence):
        items = [_prune(item, doomed[index]) if index in doomed else item for index, item in enumerate(node.items)]
        return Sequence(tuple(item for item in items if item is not None), node.span)
    return None
