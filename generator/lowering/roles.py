"""What each node is for, in the words of the vocabulary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from generator.inventory.model import Fleet


def roles_by_node(fleet: Fleet) -> Mapping[str, tuple[str, ...]]:
    """Some of ``directors``, ``replicas``, ``sources`` and ``stores`` for every node that a plan names, sorted."""
    found: dict[str, set[str]] = defaultdict(set)
    for role, node in _roles(fleet):
        found[node].add(role)
    return {node: tuple(sorted(roles)) for node, roles in found.items()}


def _roles(fleet: Fleet) -> Iterator[tuple[str, str]]:
    for protecting in fleet.protect_plans:
        yield from (("sources", node) for node in protecting.nodes)
    for collecting in fleet.collect_plans:
        yield "stores", collecting.node
    for directed in fleet.directed_plans:
        yield "directors", directed.director
        yield from (("sources", node) for node in directed.sources)
        yield from (("stores", store.node) for store in directed.stores)
    for replica in fleet.replica_plans:
        yield "replicas", replica.store.node
