"""What can be wrong with directed plans although every value is right by itself."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from generator.diagnostics.model import Label
from generator.engines.discovery import keepers, quiescers
from generator.inventory.model import DirectedPlan, DirectedStore, Fleet
from generator.inventory.nodes import ResolvedNode
from generator.inventory.overlaps import kept_stores, overlap, own_places
from generator.inventory.plans import PlanResolver
from generator.inventory.report import Report
from generator.plan.origin import Span


def check_directed(fleet: Fleet, nodes: Mapping[str, ResolvedNode], plans: PlanResolver, report: Report) -> None:
    """Reports every conflict between directed plans and the rest of ``fleet``."""
    _check_directors(fleet, plans, report)
    _check_quiesced_twice(fleet, plans, report)
    for plan in fleet.directed_plans:
        _check_sources(plan, nodes, plans, report)
        _check_stores(plan, report)
        _check_stillness(plan, plans, report)
        _check_prefix(fleet, plan, nodes, report)
    _check_freezes(fleet, nodes, report)
    _check_claims(fleet, report)


def _check_directors(fleet: Fleet, plans: PlanResolver, report: Report) -> None:
    first: dict[str, str] = {}
    for plan in fleet.directed_plans:
        other = first.setdefault(plan.director, plan.name)
        if other != plan.name:
            said = f"`{plan.director}` directs two plans, `{other}` and `{plan.name}`"
            label = Label(span=plans.span(other, "director"), text="the other plan")
            advice = "name another director: its capsules, such as perform_backup, are named without the plan"
            report.error("C0326", said, plans.span(plan.name, "director"), advice, label)


def _check_quiesced_twice(fleet: Fleet, plans: PlanResolver, report: Report) -> None:
    for first, second in combinations(fleet.directed_plans, 2):
        shared = sorted(set(first.quiesced) & set(second.quiesced))
        if shared:
            named = ", ".join(f"`{node}`" for node in shared)
            said = f"two plans hold {named} still, `{first.name}` and `{second.name}`"
            label = Label(span=_quiesces(first, plans), text="the other plan")
            advice = "let one plan do it: each would resume what the other has paused"
            report.error("C0327", said, _quiesces(second, plans), advice, label)


def _quiesces(plan: DirectedPlan, plans: PlanResolver) -> Span:
    """Where a plan says who stands still."""
    key = "quiesces" if plans.value(plan.name, "quiesces") is not None else "directs"
    return plans.span(plan.name, key)


def _check_sources(
    plan: DirectedPlan, nodes: Mapping[str, ResolvedNode], plans: PlanResolver, report: Report
) -> None:
    if not plan.sources and plan.name not in plans.doubtful:
        said = f"no node that the plan `{plan.name}` directs has data"
        report.error("C0315", said, plans.span(plan.name, "directs"), "give them datasets, or name others")
    for name in plan.sources:
        for dataset, blueprint in nodes[name].blueprints.items():
            if plan.datasets and dataset not in plan.datasets:
                continue
            if len(blueprint.roots) != 1:
                said = f"the dataset `{dataset}` of `{name}` is not one path, and `{plan.name}` backs up whole paths"
                label = Label(span=plans.span(plan.name, "directs"), text="the plan")
                advice = (
                    "divide it: one dataset for each path"
                    if blueprint.roots
                    else f"have a plan with `protects` keep what {blueprint.producer} makes, or name where it lies"
                )
                report.error("C0322", said, blueprint.span, advice, label)


def _check_stores(plan: DirectedPlan, report: Report) -> None:
    for store in plan.stores:
        if plan.sources and not store.sources and not _unassigned(plan):
            said = f"the store on `{store.node}` would keep nothing of `{plan.name}`"
            advice = "say which sources it keeps: `sources: […]`, or leave it out"
            report.error("C0323", said, store.origin.span, advice)


def _unassigned(plan: DirectedPlan) -> bool:
    kept = {source for store in plan.stores for source in store.sources}
    return not kept.issuperset(plan.sources)


def _check_stillness(plan: DirectedPlan, plans: PlanResolver, report: Report) -> None:
    if plan.sources and not plan.quiesced and plan.name not in plans.doubtful:
        said = f"nothing stands still while `{plan.name}` takes its snapshots: they may not fit together"
        advice = "give nodes a `quiesce`, or name in `quiesces` those that have one"
        report.warn("C0329", said, plans.span(plan.name), advice)


def _check_prefix(fleet: Fleet, plan: DirectedPlan, nodes: Mapping[str, ResolvedNode], report: Report) -> None:
    """Backups of one deployment must fit another: the names of their parts are nodes and paths."""
    if not fleet.prefix:
        return
    for name in plan.sources:
        if _prefixed(fleet.prefix, name):
            said = f"the node `{name}` has the deployment's prefix in its name, and with it in every backup"
            advice = f"call it `{name[len(fleet.prefix) + 1 :]}`; its host name has the prefix by itself"
            report.error("C0321", said, nodes[name].key, advice)
        for dataset, blueprint in nodes[name].blueprints.items():
            if plan.datasets and dataset not in plan.datasets:
                continue
            if _prefixed(fleet.prefix, dataset):
                said = f"the dataset `{dataset}` has the deployment's prefix in its name, and with it in every backup"
                report.error("C0321", said, blueprint.span, f"call it `{dataset[len(fleet.prefix) + 1 :]}`")
            for root, span in zip(blueprint.roots, blueprint.root_spans, strict=True):
                if any(step == fleet.prefix or _prefixed(fleet.prefix, step) for step in root.split("/")):
                    said = f"the path {root} has the deployment's prefix in it, and with it every backup"
                    advice = "keep the data under one path in every deployment, else no other can restore it"
                    report.error("C0321", said, span, advice)


def _prefixed(prefix: str, name: str) -> bool:
    return name.startswith((f"{prefix}-", f"{prefix}_", f"{prefix}."))


def _check_freezes(fleet: Fleet, nodes: Mapping[str, ResolvedNode], report: Report) -> None:
    """Whatever releases a freeze must not stand on what is frozen."""
    engines = quiescers()
    seen: set[int] = set()
    for resolved in nodes.values():
        needed = [(place.path, place.what) for place in own_places(fleet)]
        needed += [("/run", "what must be written to release it")]
        needed += [(path, f"the tool {name}") for name, path in resolved.node.tools.items()]
        for blueprint in resolved.quiescers.values():
            if id(blueprint) in seen:
                continue
            seen.add(id(blueprint))
            for frozen in engines[blueprint.engine].frozen(blueprint.settings):
                inside = next((what for path, what in needed if overlap(path, frozen)), None)
                if inside is not None:
                    said = f"freezing {frozen} would freeze {inside} with it, and nothing could thaw it again"
                    advice = "freeze only a file system of its own that holds data"
                    report.error("C0325", said, blueprint.span, advice)


def _check_claims(fleet: Fleet, report: Report) -> None:
    """Two stores of a node may not share what lies below them, such as a pool."""
    first: dict[tuple[str, str], tuple[str, DirectedStore]] = {}
    for plan, store in kept_stores(fleet):
        for claim in keepers()[store.engine].keeper_claims(store.settings) if _is_known(store) else ():
            other, taken = first.setdefault((store.node, claim), (plan, store))
            if taken is not store:
                said = f"the stores of `{other}` and `{plan}` on `{store.node}` would both keep {claim}"
                labels = () if taken.origin.span is None else (Label(span=taken.origin.span, text="the other store"),)
                report.error("C0309", said, store.origin.span, "give each plan its own, below one pool", *labels)


def _is_known(store: DirectedStore) -> bool:
    """Whether its engine exists and has accepted its settings."""
    return store.engine in keepers() and isinstance(store.settings, keepers()[store.engine].keeper_settings)
