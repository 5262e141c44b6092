"""Resolves nodes: layers put together, defaults applied, datasets judged by their producers."""

from __future__ import annotations

import hashlib
import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from generator.diagnostics.model import Label
from generator.inventory.datasets import Blueprint, Blueprints
from generator.inventory.language import InventoryPart, NodePart, RestorePointPart
from generator.inventory.layers import LayeredParts, Layers, Settings, Sourced
from generator.inventory.model import Node, RestorePoint, Scheduler
from generator.inventory.own_keys import own_keys
from generator.inventory.quiescing import QuiescerBlueprint, QuiescerBlueprints
from generator.inventory.refusal import meant
from generator.inventory.report import Report
from generator.inventory.tools import TOOLS
from generator.plan.origin import Origin, Span
from generator.source import Mapping as Tree

DATA_NUMBERS_FROM = 0x70000000
DATA_NUMBERS = 0x0F000000
LONGEST_HOST_NAME = 64

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class ResolvedNode:
    """A node, with what the checks need to point at its lines.

    ``dataset_names`` also has the datasets that are broken, and ``complete`` is false where a profile is unknown:
    what is missing then is no second mistake.
    """

    node: Node
    part: NodePart
    tree: Tree
    key: Span
    blueprints: Mapping[str, Blueprint]
    quiescers: Mapping[str, QuiescerBlueprint]
    points: Mapping[str, Sourced]
    dataset_names: tuple[str, ...]
    complete: bool

    def span(self, *keys: str) -> Span:
        """The place of a key below the node, or of the nearest one above it."""
        tree: object = self.tree
        span = self.key
        for key in keys:
            entry = tree.entries.get(key) if isinstance(tree, Tree) else None
            if entry is None:
                break
            tree, span = entry.value, entry.value.span
        return span


class NodeResolver:
    """Resolves the nodes of one inventory."""

    def __init__(self, part: InventoryPart, tree: Tree, report: Report) -> None:
        self._part = part
        self._tree = tree
        self._report = report
        self._layers = Layers(part, tree, report)
        self._blueprints = Blueprints(report)
        self._quiescers = QuiescerBlueprints(report)
        self._tools: dict[tuple[object, ...], dict[str, str]] = {}

    def resolve(self) -> dict[str, ResolvedNode]:
        """Every node by name, in the order of names."""
        trees = self._tree.get("nodes")
        if not isinstance(trees, Tree):
            return {}
        found = {}
        for name, part in sorted(self._part.nodes.items()):
            entry = trees.entries[name]
            if isinstance(entry.value, Tree):
                found[name] = self._node(name, part, entry.key, entry.value)
        self._check_unused()
        return found

    def _node(self, name: str, part: NodePart, key: Span, tree: Tree) -> ResolvedNode:
        settings = self._layers.settings(name)
        blueprints = _present(settings.datasets, self._blueprints.of)
        quiescers = _present(settings.quiesce, self._quiescers.of)
        os_family = _value(settings, "os_family", "debian")
        hostname = part.hostname or self._hostname(name, key)
        address = part.reach.address if part.reach else ""
        node = Node(
            name=name,
            hostname=hostname,
            address=address,
            port=part.reach.port if part.reach else 22,
            egress=tuple(sorted(set(part.egress))) if part.egress is not None else _own_address(address),
            host_keys=tuple(dict.fromkeys(part.host_keys)),
            site=_value(settings, "site", "main"),
            os_family=os_family,
            timezone=_value(settings, "timezone", "UTC"),
            sudo_digests=_value(settings, "sudo", "digests") == "digests",
            tools=self._tool_table(os_family, settings.tools),
            datasets=tuple(blueprints[dataset].dataset(dataset, name) for dataset in sorted(blueprints)),
            restore_points=self._restore_points(name, settings, blueprints),
            origin=Origin(path=f"nodes.{name}", span=key),
            quiescers=tuple(quiescers[one].quiescer(one, name) for one in sorted(quiescers)),
            scheduler=Scheduler(_value(settings, "scheduler", "cron")),
            certname=part.certname or hostname.lower(),
            deliveries=self._deliveries(settings, os_family, key),
            machine_id=part.machine_id or "",
            own_keys=own_keys(name, part.own_keys, tree),
        )
        resolved = ResolvedNode(
            node=node,
            part=part,
            tree=tree,
            key=key,
            blueprints=blueprints,
            quiescers=quiescers,
            points=settings.restore_points,
            dataset_names=tuple(settings.datasets),
            complete=self._layers.complete(name),
        )
        self._check_host_keys(resolved)
        return resolved

    def _hostname(self, name: str, key: Span) -> str:
        prefix = self._part.deployment_prefix
        made = f"{prefix}-{name}" if prefix else name
        if len(made) > LONGEST_HOST_NAME:
            said = f"`{made}` is longer than the {LONGEST_HOST_NAME} characters that Linux gives a host name"
            self._report.error("C0215", said, key, "say what it is really called: `hostname: …`")
        return made

    def _deliveries(self, settings: Settings, os_family: str, key: Span) -> tuple[str, ...]:
        sourced = settings.scalars.get("deliveries")
        wanted = ("plain",) if sourced is None else tuple(sorted(set(sourced.value)))
        if "debian" in wanted and os_family != "debian":
            self._report.error(
                "C0330",
                f"the node is of the family {os_family}, and would get a package of Debian's",
                key if sourced is None else sourced.span,
                "leave `debian` out of its `deliveries:`, or correct `os_family:`",
            )
        return wanted

    def _tool_table(self, os_family: str, overrides: Mapping[str, Sourced]) -> dict[str, str]:
        cache_key = (os_family, *((name, one.value) for name, one in overrides.items()))
        table = self._tools.get(cache_key)
        if table is None:
            table = dict(TOOLS[os_family])
            for name, one in overrides.items():
                if name not in table:
                    advice = meant(name, table, "capsules use no such command")
                    self._report.error("C0221", f"there is no tool `{name}`", one.span, advice)
                table[name] = one.value
            self._tools[cache_key] = table = dict(sorted(table.items()))
        return table

    def _restore_points(
        self, node: str, settings: Settings, blueprints: Mapping[str, Blueprint]
    ) -> tuple[RestorePoint, ...]:
        points = []
        for name, one in sorted(settings.restore_points.items()):
            part: RestorePointPart = one.value
            if part.dataset not in settings.datasets:
                advice = meant(part.dataset, settings.datasets, f"`{node}` has no such dataset")
                said = f"the restore point `{name}` names the dataset `{part.dataset}`, which `{node}` does not have"
                self._report.error("C0301", said, one.span_of("dataset"), advice)
            elif part.dataset in blueprints:
                self._check_inside(name, part, one.span_of("path"), blueprints[part.dataset])
            origin = Origin(path=f"nodes.{node}.restore_points.{name}", span=one.span)
            points.append(
                RestorePoint(name=name, dataset=part.dataset, path=part.path, source=part.source, origin=origin)
            )
        return tuple(points)

    def _check_inside(self, name: str, part: RestorePointPart, span: Span, blueprint: Blueprint) -> None:
        if any(part.path == root or part.path.startswith(root.rstrip("/") + "/") for root in blueprint.roots):
            return
        self._report.error(
            "C0312",
            f"the restore point `{name}` lies outside the dataset `{part.dataset}`",
            span,
            f"name a path below {' or '.join(blueprint.roots)}"
            if blueprint.roots
            else f"a {blueprint.producer} dataset holds no paths: restore it whole",
            Label(span=blueprint.span, text="the dataset"),
        )

    def _check_host_keys(self, resolved: ResolvedNode) -> None:
        counts = Counter(key.split()[0] for key in resolved.node.host_keys)
        for kind, count in sorted(counts.items()):
            if count > 2:
                self._report.error(
                    "C0222",
                    f"`{resolved.node.name}` has {count} host keys of the type {kind}",
                    resolved.span("host_keys"),
                    "keep the current one, and the next one while it changes",
                )

    def _check_unused(self) -> None:
        for layer in self._layers.unused():
            alone = self._layers.alone(layer)
            for parts in alone.datasets.values():
                self._blueprints.check_partial(parts)
            for parts in alone.quiesce.values():
                self._quiescers.check_partial(parts)
            kind, _, name = layer.label.partition(".")
            entry = _entry_span(self._tree, kind, name)
            self._report.warn("C0316", f"no node has the {kind[:-1]} `{name}`", entry, "use it, or delete it")


def data_numbers(deployment: str, nodes: Iterable[ResolvedNode], report: Report) -> dict[str, int]:
    """The uid and gid of each node's data account on stores, stable whatever else the inventory holds."""
    numbers: dict[str, int] = {}
    holders: dict[int, ResolvedNode] = {}
    for resolved in nodes:
        name = resolved.node.name
        number = resolved.part.data_number
        if number is None:
            digest = hashlib.sha256(f"{deployment}/{name}".encode()).digest()
            number = DATA_NUMBERS_FROM + int.from_bytes(digest, "big") % DATA_NUMBERS
        other = holders.setdefault(number, resolved)
        if other is not resolved:
            free = DATA_NUMBERS_FROM + DATA_NUMBERS + len(numbers)
            report.error(
                "C0313",
                f"the data accounts of `{name}` and `{other.node.name}` would both have the number {number}",
                resolved.span("data_number"),
                f"give one of them a number of its own: `data_number: {free}`",
                Label(span=other.span("data_number"), text="the other node"),
            )
        numbers[name] = number
    return numbers


def _present(layered: Mapping[str, LayeredParts], make: Callable[[LayeredParts], Made | None]) -> dict[str, Made]:
    made = ((name, make(parts)) for name, parts in layered.items())
    return {name: one for name, one in made if one is not None}


def _value(settings: Settings, key: str, otherwise: str) -> str:
    sourced = settings.scalars.get(key)
    return otherwise if sourced is None else str(sourced.value)


def _own_address(address: str) -> tuple[str, ...]:
    try:
        return (str(ipaddress.ip_address(address)),)
    except ValueError:
        return ()


def _entry_span(tree: Tree, kind: str, name: str) -> Span:
    mapping = tree.entries[kind].value
    return mapping.entries[name].key if isinstance(mapping, Tree) else mapping.span
