"""What can be wrong with an inventory although every value is right by itself."""

from __future__ import annotations

from collections.abc import Mapping, Set

from generator.diagnostics.model import Label
from generator.inventory.directed_checks import check_directed
from generator.inventory.model import Fleet
from generator.inventory.nodes import ResolvedNode
from generator.inventory.overlaps import check_paths
from generator.inventory.plans import PlanResolver
from generator.inventory.reach import check_reach
from generator.inventory.refusal import meant
from generator.inventory.report import Report
from generator.plan.origin import Span
from generator.source import Mapping as Tree


def check_meaning(
    fleet: Fleet, nodes: Mapping[str, ResolvedNode], plans: PlanResolver, tree: Tree, report: Report
) -> None:
    """Reports every conflict between the parts of ``fleet``."""
    _check_empty(nodes, plans, tree, report)
    _check_names(nodes, tree, report)
    _check_unique(nodes, report)
    check_reach(fleet, nodes, plans, report)
    _check_coverage(fleet, nodes, plans, report)
    _check_restore_points(fleet, nodes, plans, report)
    check_directed(fleet, nodes, plans, report)
    check_paths(fleet, nodes, plans, report)


def _check_empty(nodes: Mapping[str, ResolvedNode], plans: PlanResolver, tree: Tree, report: Report) -> None:
    if not nodes:
        report.error("C0306", "the fleet has no nodes", tree.entries["nodes"].key, "add a node")
    if not plans.protecting and not plans.directing:
        place = tree.entries["plans"].key
        report.error("C0306", "no plan protects anything", place, "add a plan with `protects` or `directs`")


def _check_names(nodes: Mapping[str, ResolvedNode], tree: Tree, report: Report) -> None:
    groups = tree.get("groups")
    for name, entry in groups.entries.items() if isinstance(groups, Tree) else ():
        if name in nodes:
            said = f"`{name}` is the name of a group and of a node"
            label = Label(span=nodes[name].key, text="the node")
            report.error("C0319", said, entry.key, "rename one of them: plans name both", label)


def _check_unique(nodes: Mapping[str, ResolvedNode], report: Report) -> None:
    hosts: dict[str, ResolvedNode] = {}
    certificates: dict[str, ResolvedNode] = {}
    machines: dict[str, ResolvedNode] = {}
    addresses: dict[tuple[str, int], ResolvedNode] = {}
    keys: dict[str, ResolvedNode] = {}
    for resolved in nodes.values():
        node = resolved.node
        other = hosts.setdefault(node.hostname, resolved)
        if other is not resolved:
            _twice(report, f"the host name `{node.hostname}`", "hostname", resolved, other)
        certificate = certificates.setdefault(node.certname, resolved)
        if certificate is not resolved and node.hostname != certificate.node.hostname:
            _twice(report, f"the certificate name `{node.certname}`", "certname", resolved, certificate)
        if node.machine_id:
            other = machines.setdefault(node.machine_id, resolved)
            if other is not resolved:
                _twice(report, f"the machine id `{node.machine_id}`", "machine_id", resolved, other)
        if node.address:
            other = addresses.setdefault((node.address, node.port), resolved)
            if other is not resolved:
                _twice(report, f"the address {node.address} port {node.port}", "reach", resolved, other)
        for key in node.host_keys:
            other = keys.setdefault(key, resolved)
            if other is not resolved:
                said = f"`{node.name}` and `{other.node.name}` have the same host key: each can pose as the other"
                label = Label(span=other.span("host_keys"), text="the same key")
                report.warn("C0318", said, resolved.span("host_keys"), "make a new host key on one of them", label)


def _twice(report: Report, what: str, key: str, one: ResolvedNode, other: ResolvedNode) -> None:
    label = Label(span=_inner(other, key), text="here first")
    report.error("C0304", f"{what} belongs to two nodes", _inner(one, key), "correct one of them", label)


def _inner(resolved: ResolvedNode, key: str) -> Span:
    return resolved.span("reach", "address") if key == "reach" else resolved.span(key)


def _check_coverage(fleet: Fleet, nodes: Mapping[str, ResolvedNode], plans: PlanResolver, report: Report) -> None:
    protected: dict[tuple[str, str], str] = {}
    for plan in fleet.protect_plans:
        for name in plan.nodes:
            datasets = _planned(nodes[name], plan.datasets)
            if not datasets and nodes[name].complete:
                said = f"`{name}` has nothing that the plan `{plan.name}` could protect"
                label = Label(span=plans.span(plan.name, "protects"), text="it is protected here")
                report.error("C0315", said, nodes[name].key, "give it datasets, or leave it out of the plan", label)
            for dataset in datasets:
                _claim(protected, (plan.name, name, dataset), "protects", plans, report)
    covered = protected.keys() | _directed(fleet, nodes, plans, report)
    for resolved in nodes.values():
        for dataset, blueprint in resolved.blueprints.items():
            if (resolved.node.name, dataset) not in covered:
                said = f"no plan protects the dataset `{dataset}` of `{resolved.node.name}`"
                report.warn("C0317", said, blueprint.span, "add the node to a plan that protects or directs")


def _directed(
    fleet: Fleet, nodes: Mapping[str, ResolvedNode], plans: PlanResolver, report: Report
) -> Set[tuple[str, str]]:
    """The datasets, by node and name, that plans direct."""
    directed: dict[tuple[str, str], str] = {}
    for plan in fleet.directed_plans:
        for name in plan.sources:
            for dataset in _planned(nodes[name], plan.datasets):
                _claim(directed, (plan.name, name, dataset), "directs", plans, report)
    return directed.keys()


def _planned(resolved: ResolvedNode, datasets: tuple[str, ...]) -> list[str]:
    return [one for one in resolved.dataset_names if not datasets or one in datasets]


def _claim(
    holders: dict[tuple[str, str], str], claim: tuple[str, str, str], key: str, plans: PlanResolver, report: Report
) -> None:
    plan, node, dataset = claim
    first = holders.setdefault((node, dataset), plan)
    if first == plan:
        return
    label = Label(span=plans.span(first, key), text=f"`{first}` {key} it too")
    said = f"two plans {'protect' if key == 'protects' else 'direct'} the dataset `{dataset}` of `{node}`"
    advice = "leave the node out of one, or divide its datasets with `datasets: […]`"
    report.error("C0303", said, plans.span(plan, key), advice, label)


def _check_restore_points(
    fleet: Fleet, nodes: Mapping[str, ResolvedNode], plans: PlanResolver, report: Report
) -> None:
    for node in fleet.nodes:
        holding = [plan.name for plan in fleet.collect_plans if node.name in plan.sources]
        holding += [plan.name for plan in fleet.directed_plans if node.name in plan.sources]
        holding += [plan.name for plan in fleet.replica_plans if node.name in plan.store.sources]
        for point in node.restore_points:
            pulled = any(point.source in known for known in (plans.collecting, plans.directing, plans.replicating))
            if point.source in holding or (pulled and point.source in plans.doubtful):
                continue
            place = nodes[node.name].points[point.name].span_of("from")
            if not pulled and point.source not in plans.protecting:
                advice = meant(point.source, holding, f"no plan collects, directs or replicates `{node.name}`")
                report.error("C0301", f"there is no plan `{point.source}`", place, advice)
                continue
            advice = (
                f"name one of: {', '.join(holding)}"
                if holding
                else f"no plan collects, directs or replicates `{node.name}`"
            )
            said = f"`{point.source}` is not a plan that collects, directs or replicates `{node.name}`"
            report.error("C0320", said, place, advice)
