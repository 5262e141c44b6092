"""Who connects to whom: servers need an address and a pinned key, clients an address that they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from generator.diagnostics.model import Label
from generator.inventory.model import Fleet
from generator.inventory.nodes import ResolvedNode
from generator.inventory.plans import PlanResolver
from generator.inventory.report import Report


def check_reach(fleet: Fleet, nodes: Mapping[str, ResolvedNode], plans: PlanResolver, report: Report) -> None:
    """Reports nodes that a plan needs to reach, or to recognise, and cannot."""
    servers: dict[str, Label] = {}
    clients: dict[str, Label] = {}
    for plan, serving, calling in _roles(fleet):
        label = Label(span=plans.span(plan), text=f"`{plan}` connects to it, or it to others")
        for name in serving:
            servers.setdefault(name, label)
        for name in calling:
            clients.setdefault(name, label)
    for name in sorted(servers.keys() | clients.keys()):
        if name in nodes:
            _check(nodes[name], servers.get(name), clients.get(name), report)


def _roles(fleet: Fleet) -> Iterator[tuple[str, Iterable[str], Iterable[str]]]:
    """Each plan that needs connections: its name, who is connected to, and who connects."""
    for collecting in fleet.collect_plans:
        # a source that restores pulls from the collecting node
        everyone = (collecting.node, *collecting.sources)
        yield collecting.name, everyone, everyone
    for directing in fleet.directed_plans:
        stores = [store.node for store in directing.stores]
        yield (
            directing.name,
            (*stores, *directing.sources, *directing.quiesced),
            (directing.director, *stores, *directing.sources),
        )
    for replicating in fleet.replica_plans:
        # a source may restore from any replica
        calling = (replicating.store.node, *replicating.store.sources)
        yield replicating.name, (replicating.upstream, replicating.store.node), calling


def _check(resolved: ResolvedNode, server: Label | None, client: Label | None, report: Report) -> None:
    node = resolved.node
    if server is not None and not node.address:
        said = f"nothing says how `{node.name}` is reached"
        report.error("C0307", said, resolved.key, "add `reach: {address: …}`", server)
    elif client is not None and not node.egress:
        said = f"nothing says where connections of `{node.name}` come from"
        advice = "add `egress: [its address]`: a host name cannot be pinned"
        report.error("C0307", said, resolved.key, advice, client)
    if server is not None and not node.host_keys:
        said = f"no host key of `{node.name}` is pinned"
        advice = 'add `host_keys: ["ssh-ed25519 …"]`, the line of its ssh_host_ed25519_key.pub'
        report.error("C0307", said, resolved.key, advice, server)
