"""Every dataset has the copies and sites that its plan promises, and one copy that its source cannot delete.

A copy is a node that keeps the data, its own local backup included: two trees on one node are one copy, for they die
together. A copy cannot be deleted from the source if another node pulled it: no capsule that writes or deletes can be
reached over the network. A plan that directs has its stores and their replicas as copies. What depends on a key that
nobody knows yet is not proved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from generator.diagnostics import Diagnostic, Severity
from generator.inventory.model import DirectedPlan, DirectedStore, ProtectPlan
from generator.plan import OwnKey
from generator.prove.facts import Facts
from generator.prove.report import ProofReport
from generator.prove.wording import count, finding, spell_names

# Plans that make backups, and promise copies of them.
Promising: TypeAlias = ProtectPlan | DirectedPlan


def check(facts: Facts) -> ProofReport:
    """Codes C0431 (copies), C0432 (sites), C0433 (deletable), C0434 (unprotected), C0435 (idle), C0437 (not made)."""
    keepers = _keepers(facts)
    diagnostics = [*_not_made(facts)]
    waiting = _waiting(facts)
    kept: dict[tuple[int, int], list[Promising]] = defaultdict(list)
    for plan in _promising(facts):
        found = [*_broken_promises(facts, plan, keepers)]
        diagnostics += found
        if not found and _sources(plan) and not _waits(plan, keepers, waiting):
            kept[_least(facts, plan, keepers)].append(plan)
    diagnostics += [*_unprotected(facts), *_idle(facts)]
    return ProofReport(
        diagnostics=tuple(diagnostics), proved=tuple(_sentence(*key, plans) for key, plans in sorted(kept.items()))
    )


def _promising(facts: Facts) -> tuple[Promising, ...]:
    return (*facts.fleet.protect_plans, *facts.fleet.directed_plans)


def _sources(plan: Promising) -> tuple[str, ...]:
    return plan.nodes if isinstance(plan, ProtectPlan) else plan.sources


def _keepers(facts: Facts) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The nodes that keep backups, each once, by (plan that makes them, source)."""
    found: dict[tuple[str, str], list[str]] = {
        (plan.name, name): [name] for plan in facts.fleet.protect_plans for name in plan.nodes
    }
    for pair in facts.pairs:
        collect = facts.collecting[pair.plan.name]
        root = facts.root(collect).name
        for source in pair.stream.nodes:
            if collect.node not in found[root, source]:
                found[root, source].append(collect.node)
    for directed in facts.fleet.directed_plans:
        found.update({(directed.name, source): [] for source in directed.sources})
    for plan, store in _moments(facts):
        for source in store.sources:
            if store.node not in found[plan, source]:
                found[plan, source].append(store.node)
    return {key: tuple(names) for key, names in found.items()}


def _waiting(facts: Facts) -> frozenset[tuple[str, str]]:
    """Server and client of each edge whose key nobody knows yet."""
    own = (one for node in facts.plan.nodes for one in node.artifacts if isinstance(one, OwnKey))
    return frozenset((one.edge.server, one.edge.client) for one in own if not one.public)


def _waits(
    plan: Promising, keepers: Mapping[tuple[str, str], tuple[str, ...]], waiting: frozenset[tuple[str, str]]
) -> bool:
    """Whether a copy that ``plan`` promises cannot be fetched before a key is known."""
    fetching = {keeper for name in _sources(plan) for keeper in keepers[plan.name, name] if keeper != name}
    holding = fetching.union(_sources(plan))
    return any(server in holding and client in fetching for server, client in waiting)


def _moments(facts: Facts) -> Iterator[tuple[str, DirectedStore]]:
    """Every store and every replica of a plan that directs, with that plan's name."""
    for directed in facts.fleet.directed_plans:
        yield from ((directed.name, store) for store in directed.stores)
    yield from ((replica.directed, replica.store) for replica in facts.fleet.replica_plans)


def _broken_promises(
    facts: Facts, plan: Promising, keepers: Mapping[tuple[str, str], tuple[str, ...]]
) -> Iterator[Diagnostic]:
    """One finding for each different shortage, however many nodes share it."""
    few: dict[int, list[str]] = defaultdict(list)
    near: dict[tuple[str, ...], list[str]] = defaultdict(list)
    exposed: list[str] = []
    for name in _sources(plan):
        keeping = keepers[plan.name, name]
        sites = tuple(sorted({facts.nodes[keeper].site for keeper in keeping}))
        if len(keeping) < plan.copies:
            few[len(keeping)].append(name)
        if len(sites) < plan.sites:
            near[sites].append(name)
        if not set(keeping) - {name}:
            exposed.append(name)
    for copies, names in sorted(few.items()):
        yield finding(
            "C0431",
            f"{plan.name} promises {count(plan.copies, 'copy')} of every dataset, and "
            f"{spell_names(sorted(names))} would have {copies}",
            plan.origin,
            f"let further plans {_pull(plan)} {plan.name} onto other nodes, or promise fewer copies",
        )
    for sites, names in sorted(near.items()):
        yield finding(
            "C0432",
            f"{plan.name} promises copies at {count(plan.sites, 'site')}, and all of "
            f"{spell_names(sorted(names))} are at {spell_names(sites)}",
            plan.origin,
            f"let a node at another site {_pull(plan)} them, or promise fewer sites",
        )
    if exposed:
        yield _exposed(plan, sorted(exposed))


def _pull(plan: Promising) -> str:
    return "collect" if isinstance(plan, ProtectPlan) else "replicate"


def _exposed(plan: Promising, names: list[str]) -> Diagnostic:
    """A promise of one copy says that the risk is known: then it is only a warning."""
    return finding(
        "C0433",
        f"whoever takes over {spell_names(names)} can delete every copy that {plan.name} makes there: "
        "no other node pulls them",
        plan.origin,
        f"let a plan on another node {_pull(plan)} {plan.name}",
        severity=Severity.WARNING if plan.copies == 1 else Severity.ERROR,
    )


def _least(facts: Facts, plan: Promising, keepers: Mapping[tuple[str, str], tuple[str, ...]]) -> tuple[int, int]:
    """The fewest copies and the fewest sites that any node of ``plan`` has."""
    every = [keepers[plan.name, name] for name in _sources(plan)]
    sites = min(len({facts.nodes[name].site for name in names}) for names in every)
    return min(len(names) for names in every), sites


def _sentence(copies: int, sites: int, plans: list[Promising]) -> str:
    safe = ", one of them out of the source's reach" if copies > 1 else ""
    nodes = len({name for plan in plans for name in _sources(plan)})
    return (
        f"{spell_names([plan.name for plan in plans])}: every dataset of {count(nodes, 'node')} has at least "
        f"{count(copies, 'copy')} at {count(sites, 'site')}{safe}"
    )


def _not_made(facts: Facts) -> Iterator[Diagnostic]:
    """Sources of a collecting plan that the plan it collects does not have."""
    for collect in facts.collecting.values():
        upstream = facts.protecting.get(collect.collects)
        made = set(upstream.nodes if upstream is not None else facts.collecting[collect.collects].sources)
        missing = [name for name in collect.sources if name not in made]
        if missing:
            yield finding(
                "C0437",
                f"{collect.name} collects {spell_names(missing)} from {collect.collects}, which has no such backups",
                collect.origin,
                f"add them to {collect.collects}, or take them out of {collect.name}",
            )


def _unprotected(facts: Facts) -> Iterator[Diagnostic]:
    """Datasets that no plan backs up, one finding for each name, since a profile gives many nodes the same."""
    everything: set[str] = set()
    some: dict[str, set[str]] = defaultdict(set)
    for plan in _promising(facts):
        for name in _sources(plan):
            if plan.datasets:
                some[name].update(plan.datasets)
            else:
                everything.add(name)
    lost: dict[str, list[str]] = defaultdict(list)
    for node in facts.fleet.nodes:
        if node.name not in everything:
            for dataset in node.datasets:
                if dataset.name not in some[node.name]:
                    lost[dataset.name].append(node.name)
    for name, nodes in sorted(lost.items()):
        origin = next(each.origin for each in facts.nodes[nodes[0]].datasets if each.name == name)
        yield finding(
            "C0434",
            f"no plan backs up the dataset {name} of {spell_names(nodes)}",
            origin,
            "add the node to the `protects` or `directs` of a plan, or the dataset to the plan's list",
            severity=Severity.WARNING,
        )


def _idle(facts: Facts) -> Iterator[Diagnostic]:
    """Nodes without datasets that keep nothing either: probably forgotten."""
    used = {name for plan in facts.fleet.protect_plans for name in plan.nodes}
    used |= {collect.node for collect in facts.collecting.values()}
    used |= {store.node for _, store in _moments(facts)}
    for directed in facts.fleet.directed_plans:
        used |= {directed.director, *directed.sources, *directed.quiesced}
    idle = [node for node in facts.fleet.nodes if node.name not in used and not node.datasets]
    if idle:
        yield finding(
            "C0435",
            f"nothing protects {spell_names([node.name for node in idle])}, and no plan keeps backups there",
            idle[0].origin,
            "give the node datasets and a plan, or take it out of the inventory",
            severity=Severity.WARNING,
        )
