"""The reviewer's first question: what is backed up, where, for how long, and what brings it back; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.engines.directed.names import planned_datasets, store_of
from generator.engines.settings import EngineSettings
from generator.inventory.model import (
    CollectPlan,
    Dataset,
    DirectedPlan,
    DirectedStore,
    Fleet,
    Node,
    ProtectPlan,
    ReplicaPlan,
    Retention,
    Snapshot,
)
from generator.review.summary import Section


def protection(fleet: Fleet) -> Mapping[str, Section]:
    """What is protected on each node that a plan protects or directs, by the node's name."""
    return {node.name: section for node in fleet.nodes if (section := _section(fleet, node)).rows}


def _plans(fleet: Fleet, node: Node) -> tuple[ProtectPlan, ...]:
    return tuple(plan for plan in fleet.protect_plans if node.name in plan.nodes)


def _section(fleet: Fleet, node: Node) -> Section:
    return Section(
        title="What is protected",
        note="Restoring a whole dataset also deletes what the backup does not have, except what is left out of it.",
        head=("dataset", "how", "kept", "restored by", "from"),
        rows=tuple(
            (
                dataset.name,
                _how(dataset),
                _kept(fleet, plan, node),
                _restored(fleet, plan, node, dataset),
                _from(dataset),
            )
            for plan in _plans(fleet, node)
            for dataset in node.datasets
            if not plan.datasets or dataset.name in plan.datasets
        )
        + tuple(
            (
                dataset.name,
                f"{_how(dataset)}; {_frozen(dataset.snapshot)}",
                _stored(fleet, plan, node),
                _restored_moment(fleet, plan, node, dataset),
                _from(dataset),
            )
            for plan in fleet.directed_plans
            if node.name in plan.sources
            for dataset in planned_datasets(plan, node)
        ),
    )


def _frozen(snapshot: Snapshot | None) -> str:
    if snapshot is None:
        return "read as it lies, without a snapshot"
    told = spell_settings(snapshot.settings)
    return f"snapshot by {snapshot.engine}" + (f" ({', '.join(told)})" if told else "")


def _stored(fleet: Fleet, plan: DirectedPlan, node: Node) -> str:
    store = store_of(plan, node.name)
    replicas = _replicas(fleet, plan.name, store.node)
    return "; ".join((_place(store, plan.retention), *(_place(one.store, one.retention) for one in replicas)))


def _replicas(fleet: Fleet, plan: str, node: str) -> Iterator[ReplicaPlan]:
    """What pulls from the store of ``plan`` on ``node``, and what pulls from that."""
    for one in fleet.replicas_of(plan, node):
        yield one
        yield from _replicas(fleet, one.name, one.store.node)


def _place(store: DirectedStore, retention: Retention) -> str:
    return f"on {store.node} in {store.path} ({store.engine}) for {spell_retention(retention)}"


def _restored_moment(fleet: Fleet, plan: DirectedPlan, node: Node, dataset: Dataset) -> str:
    replicas = _replicas(fleet, plan.name, store_of(plan, node.name).node)
    plans = [plan.name, *(replica.name for replica in replicas)]
    capsules = [f"restore_{dataset.name}_from_{name}" for name in plans]
    capsules += [
        f"restore_point_{point.name}_from_{point.source} ({point.path})"
        for point in node.restore_points
        if point.dataset == dataset.name and point.source in plans
    ]
    if plan.permit_seconds is not None:
        minutes = plan.permit_seconds // 60
        capsules.append(f"restore_{plan.name}, ordered by {plan.director} within {minutes} minutes of a permit")
    return ", ".join(capsules)


def _how(dataset: Dataset) -> str:
    return "; ".join((dataset.producer, *spell_settings(dataset.settings)))


def spell_settings(settings: EngineSettings) -> tuple[str, ...]:
    """Each of an engine's settings that says anything: ``size: 20G``."""
    given = settings.model_dump().items()
    return tuple(f"{name}: {_words(value)}" for name, value in given if value not in (None, (), []))


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(getattr(value, "value", value))


def _kept(fleet: Fleet, plan: ProtectPlan, node: Node) -> str:
    places = [f"here in {plan.path} for {spell_retention(plan.retention)}"]
    places += [
        f"on {one.node} in {one.path}/{node.name} for {spell_retention(one.retention)}"
        for one in _collected(fleet, plan, node)
    ]
    return "; ".join(places)


def spell_retention(retention: Retention) -> str:
    """For how long backups are kept: ``14 days and 8 weeks, at least 14 backups``."""
    rules = (
        ("days", retention.days),
        ("backups", retention.last),
        ("weeks", retention.weekly),
        ("months", retention.monthly),
        ("years", retention.yearly),
    )
    told = " and ".join(f"{count} {unit}" for unit, count in rules if count is not None)
    return f"{told}, at least {retention.keep_minimum} backups"


def _restored(fleet: Fleet, plan: ProtectPlan, node: Node, dataset: Dataset) -> str:
    capsules = [f"restore_latest_{dataset.name}", f"restore_{dataset.name}"]
    capsules += [f"restore_{dataset.name}_from_{one.name}" for one in _collected(fleet, plan, node)]
    capsules += [
        f"restore_point_{point.name}_from_{point.source} ({point.path})"
        for point in node.restore_points
        if point.dataset == dataset.name and point.source in fleet.plans_by_name
    ]
    return ", ".join(capsules)


def _collected(fleet: Fleet, plan: ProtectPlan | CollectPlan, node: Node) -> Iterator[CollectPlan]:
    for one in fleet.pullers(plan.name):
        if node.name in one.sources:
            yield one
            yield from _collected(fleet, one, node)


def _from(dataset: Dataset) -> str:
    return dataset.origin.path if dataset.origin.span is None else f"{dataset.origin.path} ({dataset.origin.span})"
