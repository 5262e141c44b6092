"""Three-way merging: what the source says, what it said at the last import, and what the inventory says now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.diagnostics.model import Diagnostic, Severity
from generator.importing.document import Document
from generator.importing.order import natural
from generator.importing.proposal import KeyPath
from generator.importing.writing import flow
from generator.plan.origin import Span
from generator.source import Mapping as Tree
from generator.source import Node, Scalar, Sequence, plain

# Mappings whose entries are things of their own: one that the source no longer has is worth a word.
NAMED = (("nodes",), ("groups",))
# A key that a person has pinned is joined by no other one without a person.
PINNED = "host_keys"


@dataclass(slots=True)
class Merger:
    """Brings what a source says into ``document``, whose tree with places is ``tree``. Nothing is ever taken away."""

    document: Document
    tree: Tree
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def merge(self, said: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """``before`` is what the source said when it was imported last; empty where nobody knows."""
        self._mapping((), said, before, self.tree)

    def _mapping(self, path: KeyPath, said: Mapping[str, Any], before: Mapping[str, Any], here: Tree) -> None:
        for key, value in said.items():
            entry = here.entries.get(key)
            if entry is not None:
                self._value((*path, key), value, before.get(key), entry.value, entry.key)
            elif key in before:
                self._removed_here((*path, key), here.span)
            else:
                self.document.add(path, key, value)
        if path in NAMED:
            for key in sorted(set(before) - set(said), key=natural):
                if (entry := here.entries.get(key)) is not None:
                    self._gone(f"`{'.'.join((*path, key))}`", entry.key)

    def _value(self, path: KeyPath, said: Any, before: Any, here: Node, place: Span) -> None:
        if isinstance(said, Mapping) and isinstance(here, Tree):
            self._mapping(path, said, before if isinstance(before, Mapping) else {}, here)
        elif isinstance(said, (list, tuple)) and isinstance(here, Sequence):
            self._list(path, said, before if isinstance(before, (list, tuple)) else (), here)
        elif (now := plain(here)) == said and type(now) is type(said):
            return
        elif (
            isinstance(here, Scalar)
            and before is not None
            and now == before
            and not isinstance(said, (Mapping, list, tuple))
        ):
            self.document.replace(path, said)
        elif before is None or before != said:
            # where the source says what it said before, whoever changed the file since then is right
            self._conflict(path, said, before, here.span if not isinstance(here, Tree) else place)

    def _list(self, path: KeyPath, said: Any, before: Any, here: Sequence) -> None:
        now = plain(here)
        if (
            path[-1] == PINNED
            and now
            and _words(now) != _words(before)
            and not _words(said) <= _words(now) | _words(before)
        ):
            self._conflict(path, said, before or None, here.span)
            return
        for value in said:
            if isinstance(value, Mapping):
                self._item(path, value, before, here)
            elif value in now:
                continue
            elif value in before:
                self._removed_here((*path, str(value)), here.span)
            else:
                self.document.append(path, value)
        for value in before:
            if not isinstance(value, Mapping) and value not in said and value in now:
                self._gone(f"`{value}` in `{'.'.join(path)}`", here.items[now.index(value)].span)

    def _item(self, path: KeyPath, said: Mapping[str, Any], before: Any, here: Sequence) -> None:
        node = said["node"]
        earlier: Mapping[str, Any] = next((one for one in before if one.get("node") == node), {})
        for item in here.items:
            if isinstance(item, Tree) and (name := item.get("node")) is not None and plain(name) == node:
                self._mapping((*path, node), said, earlier, item)
                return
        if earlier:
            self._removed_here((*path, node), here.span)
        else:
            self.document.append(path, said)

    def _conflict(self, path: KeyPath, said: Any, before: Any, place: Span) -> None:
        name = ".".join(path)
        earlier = "" if before is None else f", and said {flow(before)} before"
        self.diagnostics.append(
            Diagnostic(
                code="C0720",
                message=f"the source says that `{name}` is {flow(said)}{earlier}; here stands something else",
                span=place,
                advice="what stands here stays, and is not asked about again until the source changes;"
                " write the other value here if that is right",
            )
        )

    def _gone(self, what: str, place: Span) -> None:
        self.diagnostics.append(
            Diagnostic(
                code="C0721",
                message=f"the source no longer has {what}",
                span=place,
                advice="delete it here too if the machine is gone; importing deletes nothing",
                severity=Severity.WARNING,
            )
        )

    def _removed_here(self, path: KeyPath, place: Span) -> None:
        self.diagnostics.append(
            Diagnostic(
                code="C0722",
                message=f"`{'.'.join(path)}` was removed here, and the source still says it",
                span=place,
                advice="nothing, if that is meant; else write it again",
                severity=Severity.WARNING,
            )
        )


def _words(values: Iterable[Any]) -> set[str]:
    return {str(value) for value in values}


def remembered(said: Any, before: Any, now: Any) -> Any:
    """What the next import takes for what the source said before: ``said``, and what it does not mention any longer
    as long as it stands in the inventory (``now``)."""
    if isinstance(said, Mapping) and isinstance(before, Mapping):
        present = now if isinstance(now, Mapping) else {}
        kept = {key: value for key, value in before.items() if key not in said and key in present}
        merged = {
            key: remembered(value, before[key], present.get(key)) if key in before else value
            for key, value in said.items()
        }
        return {**merged, **kept}
    if isinstance(said, (list, tuple)) and isinstance(before, (list, tuple)):
        listed = now if isinstance(now, (list, tuple)) else ()
        return [
            *said,
            *(one for one in before if one in listed and one not in said and not isinstance(one, Mapping)),
        ]
    return said
