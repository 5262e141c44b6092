"""Asks every plan's engine for its contributions and puts each node's plan together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from generator.engines.contribution import Connection, Contribution
from generator.engines.directed import directed, replicated
from generator.engines.discovery import stores
from generator.inventory.model import Fleet
from generator.lowering.node import NodeParts, node_plan
from generator.lowering.roles import roles_by_node
from generator.plan import FleetPlan


def lower(fleet: Fleet) -> FleetPlan:
    """The plan of every node of ``fleet`` that has anything to do, sorted by name; pure."""
    contributions = _contributions(fleet)
    by_node: dict[str, list[Contribution]] = defaultdict(list)
    outgoing: dict[str, list[Connection]] = defaultdict(list)
    incoming: dict[str, list[Connection]] = defaultdict(list)
    for contribution in contributions:
        by_node[contribution.node].append(contribution)
        for connection in contribution.connections:
            current = _with_epoch(fleet, connection)
            outgoing[current.edge.client].append(current)
            incoming[current.edge.server].append(current)
    nodes = {node.name: node for node in fleet.nodes}
    roles = roles_by_node(fleet)
    busy = sorted(set(by_node) | set(outgoing) | set(incoming))
    return FleetPlan(
        fleet=fleet.name,
        deployment=fleet.deployment,
        nodes=tuple(
            node_plan(
                fleet,
                nodes,
                NodeParts(
                    node=nodes[name],
                    contributions=tuple(by_node[name]),
                    roles=roles.get(name, ()),
                    outgoing=_sorted(outgoing[name]),
                    incoming=_sorted(incoming[name]),
                ),
            )
            for name in busy
        ),
    )


def _contributions(fleet: Fleet) -> list[Contribution]:
    engines = stores()
    found: list[Contribution] = []
    for protecting in fleet.protect_plans:
        found.extend(engines[protecting.store].protect(fleet, protecting))
    for collecting in fleet.collect_plans:
        found.extend(engines[collecting.store].collect(fleet, collecting))
    for directing in fleet.directed_plans:
        found.extend(directed(fleet, directing))
    for replicating in fleet.replica_plans:
        found.extend(replicated(fleet, replicating))
    return found


def _with_epoch(fleet: Fleet, connection: Connection) -> Connection:
    edge = connection.edge
    # a rotation of what is derived changes no key that a node makes by itself
    derived = edge.name not in fleet.node(edge.client).own_keys
    epoch = fleet.epochs.edges.get(edge.name, fleet.epochs.current) if derived else 1
    return replace(connection, edge=replace(edge, epoch=epoch))


def _sorted(connections: list[Connection]) -> tuple[Connection, ...]:
    """By edge, each once: two plans of a node that pull the same with the same account share one permission."""
    by_edge = {connection.edge: connection for connection in reversed(connections)}
    return tuple(by_edge[edge] for edge in sorted(by_edge))
