"""Layers of node settings, weak to strong: defaults, profiles, groups, the node; every value keeps its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from generator.diagnostics.model import Label
from generator.inventory.language import GroupPart, InventoryPart, LayerPart, NodePart
from generator.inventory.refusal import meant
from generator.inventory.report import Report
from generator.plan.origin import Span
from generator.source import Entry, Scalar, plain
from generator.source import Mapping as Tree

SCALARS = ("site", "timezone", "os_family", "sudo", "scheduler", "deliveries")
MAPPINGS = ("tools", "datasets", "quiesce", "restore_points")


@dataclass(frozen=True, slots=True)
class Sourced:
    """A value and the place that says it; ``tree`` is what stands there, where that has keys of its own."""

    value: Any
    span: Span
    tree: Tree | None = None

    def span_of(self, key: str) -> Span:
        """The place of the value of ``key``, or its own."""
        entry = None if self.tree is None else self.tree.entries.get(key)
        return self.span if entry is None else entry.value.span


# The layers' parts of one dataset or quiescer, weak to strong: each is a key's place and the mapping below it.
LayeredParts: TypeAlias = tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """One mapping of settings; ``label`` says whose."""

    label: str
    part: LayerPart
    tree: Tree


@dataclass(frozen=True, slots=True)
class Settings:
    """Layers put together; mappings are by key, not to be changed."""

    scalars: Mapping[str, Sourced]
    tools: Mapping[str, Sourced]
    datasets: Mapping[str, LayeredParts]
    quiesce: Mapping[str, LayeredParts]
    restore_points: Mapping[str, Sourced]


EMPTY = Settings({}, {}, {}, {}, {})


def overlay(below: Settings, layer: Layer) -> Settings:
    """``layer`` over ``below``; what it does not name is shared, not copied."""
    part, tree = layer.part, layer.tree
    given = part.model_fields_set
    if given.isdisjoint((*MAPPINGS, *SCALARS)):
        return below
    scalars = dict(below.scalars)
    for name in SCALARS:
        if name in given and (value := getattr(part, name)) is not None:
            scalars[name] = Sourced(value, _value_span(tree, name))
    return Settings(
        scalars,
        _overlay_values(below.tools, part.tools, tree.get("tools")),
        _overlay_parts(below.datasets, tree.get("datasets")),
        _overlay_parts(below.quiesce, tree.get("quiesce")),
        _overlay_values(below.restore_points, part.restore_points, tree.get("restore_points")),
    )


def _overlay_values(
    below: Mapping[str, Sourced], values: Mapping[str, Any] | None, tree: Any
) -> Mapping[str, Sourced]:
    if not values or not isinstance(tree, Tree):
        return below
    merged = dict(below)
    for name, value in values.items():
        entry = tree.entries[name]
        if value is None:
            if not lacks_value(entry):
                merged.pop(name, None)
        else:
            below_it = entry.value if isinstance(entry.value, Tree) else None
            merged[name] = Sourced(value, entry.key if below_it else entry.value.span, below_it)
    return merged


def _overlay_parts(below: Mapping[str, LayeredParts], tree: Any) -> Mapping[str, LayeredParts]:
    if not isinstance(tree, Tree):
        return below
    merged = dict(below)
    for name, entry in tree.entries.items():
        if isinstance(entry.value, Tree):
            merged[name] = (*merged.get(name, ()), entry)
        elif not lacks_value(entry):
            merged.pop(name, None)
    return merged


def lacks_value(entry: Entry) -> bool:
    """Whether nothing is written behind the key: reported by the parser, and no wish to remove anything."""
    return isinstance(entry.value, Scalar) and not entry.value.written


def _value_span(tree: Tree, name: str) -> Span:
    return tree.entries[name].value.span


class Layers:
    """Finds the layers of each node; equal stacks below the node itself are put together once."""

    def __init__(self, part: InventoryPart, tree: Tree, report: Report) -> None:
        self._report = report
        self._defaults = _layer("defaults", part.defaults, tree)
        self._profiles = {name: _layer(f"profiles.{name}", one, tree) for name, one in part.profiles.items()}
        self._groups = {name: _layer(f"groups.{name}", one, tree) for name, one in part.groups.items()}
        self._nodes = {name: _layer(f"nodes.{name}", one, tree) for name, one in part.nodes.items()}
        self._groups_of: dict[str, list[str]] = {name: [] for name in part.nodes}
        self._stacks: dict[tuple[tuple[str, ...], tuple[str, ...]], Settings] = {}
        self._used_profiles: set[str] = set()
        self._incomplete: set[str] = set()
        self._group_profiles = {name: self._known_profiles(layer) for name, layer in self._groups.items()}
        self._collect_members()

    def settings(self, node: str) -> Settings:
        """All layers of ``node`` put together."""
        layer = self._nodes[node]
        groups = tuple(self._groups_of[node])
        profiles: dict[str, None] = {}
        for group in groups:
            profiles.update(dict.fromkeys(self._group_profiles[group]))
        if isinstance(layer.part, NodePart) and layer.part.profiles:
            profiles.update(dict.fromkeys(self._known_profiles(layer)))
        key = (tuple(profiles), groups)
        below = self._stacks.get(key)
        if below is None:
            below = self._stacks[key] = self._stack(node, *key)
        return overlay(below, layer)

    def complete(self, node: str) -> bool:
        """Whether every profile of ``node`` exists; ask after its settings."""
        labels = [f"nodes.{node}", *(f"groups.{group}" for group in self._groups_of[node])]
        return self._incomplete.isdisjoint(labels)

    def unused(self) -> Iterable[Layer]:
        """Profiles and groups that no node has; ask after every node's settings."""
        for name, layer in self._profiles.items():
            if name not in self._used_profiles:
                yield layer
        filled = {group for groups in self._groups_of.values() for group in groups}
        yield from (layer for name, layer in self._groups.items() if name not in filled)

    def alone(self, layer: Layer) -> Settings:
        """The settings of one layer by itself."""
        return overlay(EMPTY, layer)

    def _stack(self, node: str, profiles: tuple[str, ...], groups: tuple[str, ...]) -> Settings:
        self._used_profiles.update(profiles)
        settings = overlay(EMPTY, self._defaults)
        for name in profiles:
            settings = overlay(settings, self._profiles[name])
        for name in groups:
            settings = overlay(settings, self._groups[name])
        for index, strong in enumerate(groups):
            for weak in groups[:index]:
                self._compare(node, self._groups[weak], self._groups[strong])
        return settings

    def _collect_members(self) -> None:
        for name, layer in self._groups.items():
            if not isinstance(layer.part, GroupPart):
                continue
            listed = layer.tree.get("nodes")
            for index, node in enumerate(layer.part.nodes):
                if node not in self._groups_of:
                    advice = meant(node, self._nodes, "a group names nodes")
                    self._report.error("C0301", f"there is no node `{node}`", item_span(listed, index), advice)
                elif name not in self._groups_of[node]:
                    self._groups_of[node].append(name)

    def _known_profiles(self, layer: Layer) -> tuple[str, ...]:
        part = layer.part
        names = part.profiles if isinstance(part, GroupPart | NodePart) else ()
        for index, name in enumerate(names):
            if name not in self._profiles:
                advice = meant(name, self._profiles, "profiles stand under `profiles`")
                place = item_span(layer.tree.get("profiles"), index)
                self._report.error("C0301", f"there is no profile `{name}`", place, advice)
                self._incomplete.add(layer.label)
        return tuple(name for name in names if name in self._profiles)

    def _compare(self, node: str, one: Layer, other: Layer) -> None:
        """Two groups of one node may not say different things: there is no order between them."""
        for path, first in _leaves(one).items():
            second = _leaves(other).get(path)
            if second is not None and second.value != first.value:
                self._report.error(
                    "C0305",
                    f"`{node}` is in two groups that set `{path}` differently",
                    second.span,
                    "say it in one place: groups have no order, profiles do",
                    Label(span=first.span, text=f"{one.label} says something else"),
                )


def item_span(listed: Any, index: int) -> Span | None:
    """The place of an item of a list."""
    items = getattr(listed, "items", ())
    return items[index].span if not callable(items) and index < len(items) else None


def _layer(label: str, part: LayerPart, tree: Tree) -> Layer:
    node: Any = tree
    for key in label.split(".", 1):
        node = node.get(key) if isinstance(node, Tree) else None
    return Layer(label, part, node if isinstance(node, Tree) else Tree({}, tree.span))


def _leaves(layer: Layer) -> dict[str, Sourced]:
    """Everything that a layer sets for its nodes, by key path; lists count as one value."""
    found: dict[str, Sourced] = {}
    for key in (*SCALARS, *MAPPINGS):
        if (entry := layer.tree.entries.get(key)) is not None:
            _collect(key, entry, found)
    return found


def _collect(path: str, entry: Entry, found: dict[str, Sourced]) -> None:
    if isinstance(entry.value, Tree):
        for key, below in entry.value.entries.items():
            _collect(f"{path}.{key}", below, found)
    else:
        found[path] = Sourced(plain(entry.value), entry.value.span)
