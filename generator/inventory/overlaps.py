"""Directories that must not lie in one another: what is backed up, stores, and Capsule's own files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from generator.diagnostics.model import Label
from generator.inventory.model import DirectedStore, Fleet
from generator.inventory.nodes import ResolvedNode
from generator.inventory.plans import PlanResolver
from generator.inventory.report import Report
from generator.plan.origin import Span


@dataclass(frozen=True, slots=True)
class Place:
    """A directory in use: ``what`` it is, in words, and where that is said."""

    path: str
    what: str
    span: Span | None


def check_paths(fleet: Fleet, nodes: Mapping[str, ResolvedNode], plans: PlanResolver, report: Report) -> None:
    """Reports stores, data and Capsule's own directories that lie in one another on some node."""
    own = own_places(fleet)
    _check_own(own, report)
    stores_of: dict[str, list[Place]] = {name: [] for name in nodes}
    for protecting in fleet.protect_plans:
        place = _store(protecting.name, protecting.path, plans)
        for name in protecting.nodes:
            stores_of[name].append(place)
    for collecting in fleet.collect_plans:
        if collecting.node in stores_of:
            stores_of[collecting.node].append(_store(collecting.name, collecting.path, plans))
    for plan, kept in kept_stores(fleet):
        if kept.node in stores_of:
            stores_of[kept.node].append(Place(kept.path, f"the store of `{plan}`", kept.origin.span))
    seen: set[tuple[int, ...]] = set()
    for name, resolved in nodes.items():
        stores = stores_of[name]
        # nodes that share blueprints and stores have the same conflicts, which are reported once
        key = (*map(id, resolved.blueprints.values()), 0, *map(id, stores))
        if key not in seen:
            seen.add(key)
            _check_node(resolved, stores, own, report)


def _check_node(resolved: ResolvedNode, stores: list[Place], own: list[Place], report: Report) -> None:
    data = [
        Place(root, f"the dataset `{name}`", span)
        for name, blueprint in resolved.blueprints.items()
        for root, span in zip(blueprint.roots, blueprint.root_spans, strict=True)
    ]
    name = resolved.node.name
    for index, store in enumerate(stores):
        _compare(report, "C0309", name, store, stores[:index])
        _compare(report, "C0310", name, store, own)
    _check_mounts(resolved, stores, data, own, report)
    for index, place in enumerate(data):
        _compare(report, "C0308", name, place, stores)
        _compare(report, "C0310", name, place, own)
        for other in data[:index]:
            if overlap(place.path, other.path):
                _both(report, name, place, other)


def _check_mounts(
    resolved: ResolvedNode, stores: list[Place], data: list[Place], own: list[Place], report: Report
) -> None:
    """A snapshot that is mounted over something hides it, and what is mounted inside data is backed up with it."""
    mounts = [
        Place(snapshot.mount, f"the snapshot of `{name}`", snapshot.mount_span)
        for name, blueprint in resolved.blueprints.items()
        if (snapshot := blueprint.snapshot) is not None and snapshot.mount
    ]
    for index, mount in enumerate(mounts):
        _compare(report, "C0324", resolved.node.name, mount, (*stores, *data, *own, *mounts[:index]))


def _both(report: Report, node: str, place: Place, other: Place) -> None:
    deeper = max(place.path, other.path, key=len)
    said = f"on `{node}`, {place.what} and {other.what} both hold {deeper}"
    advice = "restoring one would undo the other: divide them"
    if place.what == other.what:
        said = f"on `{node}`, {place.what} names {deeper} twice: as {other.path} and as {place.path}"
        advice = "delete the path that lies in the other" if place.path != other.path else "delete one of them"
    labels = () if other.span is None or other.span == place.span else (Label(span=other.span, text=other.what),)
    report.warn("C0311", said, place.span, advice, *labels)


def _compare(report: Report, code: str, node: str, place: Place, others: Iterable[Place]) -> None:
    for other in others:
        if overlap(place.path, other.path):
            said = f"on `{node}`, {place.what} ({place.path}) and {other.what} ({other.path}) lie in one another"
            labels = () if other.span is None else (Label(span=other.span, text=other.what),)
            report.error(code, said, place.span, "give each a directory of its own", *labels)


def kept_stores(fleet: Fleet) -> Iterator[tuple[str, DirectedStore]]:
    """Every store of a directed or a replica plan, with the plan's name."""
    for directing in fleet.directed_plans:
        yield from ((directing.name, store) for store in directing.stores)
    yield from ((replicating.name, replicating.store) for replicating in fleet.replica_plans)


def overlap(one: str, other: str) -> bool:
    """Whether two clean absolute paths are equal or one lies below the other."""
    return one == other or _below(one, other) or _below(other, one)


def _below(path: str, directory: str) -> bool:
    return path.startswith(directory.rstrip("/") + "/")


def _store(plan: str, path: str, plans: PlanResolver) -> Place:
    return Place(path, f"the store of `{plan}`", plans.span(plan, "store", "path"))


def own_places(fleet: Fleet) -> list[Place]:
    """Capsule's own directories on every node."""
    paths = fleet.paths
    return [
        Place(paths.programs, "Capsule's programs", None),
        Place(paths.logs, "Capsule's logs", None),
        Place(paths.state, "Capsule's state", None),
        Place(fleet.operator.home, "the operator's home", None),
    ]


def _check_own(own: list[Place], report: Report) -> None:
    for index, place in enumerate(own):
        for other in own[:index]:
            if overlap(place.path, other.path):
                said = f"{place.what} ({place.path}) and {other.what} ({other.path}) lie in one another"
                report.error("C0310", said, None, "give each a directory of its own under `paths`")
