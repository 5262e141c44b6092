"""Protecting: each node of a plan backs itself up into a tree of its own."""

from __future__ import annotations

from generator.engines.capsules import capsule_path, kept_out, make_capsule, own_writes
from generator.engines.contribution import Contribution, KeptTree
from generator.engines.discovery import producers
from generator.engines.producers.paths import exclude_option
from generator.engines.protocols import ProducerEngine
from generator.engines.schedules import expected_run, longest_interval_seconds
from generator.engines.stores.tree import restore, topology
from generator.engines.stores.tree.scrub import scrub_local
from generator.inventory.model import Dataset, Fleet, Node, ProtectPlan, Retention
from generator.plan import Capsule, CronEntry, Directory, Hole, Holes, Needs, holes_of
from generator.quoting import ShellWord

PACKAGES = ("acl", "attr", "bash", "rsync", "util-linux")


def protect(fleet: Fleet, plan: ProtectPlan) -> tuple[Contribution, ...]:
    """Everything that ``plan`` puts on the nodes that it protects; a node without datasets gets nothing."""
    return (
        *(
            contribution
            for name in plan.nodes
            if topology.planned_datasets(plan, fleet.node(name))
            for contribution in (_local(fleet, plan, fleet.node(name)), *scrub_local(fleet, plan, name))
        ),
        *restore.from_local(fleet, plan),
    )


def store_excludes(fleet: Fleet, node: Node) -> tuple[Hole, ...]:
    """The rsync options that keep every store of ``node`` and Capsule's own files out of its backups."""
    return tuple(ShellWord.of(exclude_option(path)) for path in kept_out(fleet, node))


def retention_rules(retention: Retention) -> tuple[Hole, ...]:
    """The arguments of ``retention_select`` after the date; a rule that is off is an empty word."""
    rules = (
        retention.days,
        retention.last,
        retention.weekly,
        retention.monthly,
        retention.yearly,
        retention.keep_minimum,
    )
    return tuple(ShellWord.of("" if rule is None else str(rule)) for rule in rules)


def _local(fleet: Fleet, plan: ProtectPlan, node: Node) -> Contribution:
    name, schedule = f"backup_{plan.name}", plan.schedule
    return Contribution(
        node=node.name,
        capsules=_capsules(fleet, plan, node),
        schedules=(
            CronEntry(
                schedule=schedule.cron,
                capsule_path=capsule_path(fleet, name),
                origin=schedule.origin,
                # it reads every file of the node, and a database over the network if that is where it is
                needs=Needs(
                    seconds=plan.limits.duration_seconds, writes=(*own_writes(fleet), plan.path), controls=False
                ),
            ),
        ),
        directories=(
            # Files keep their owners and modes in a backup: this directory keeps everybody else out.
            Directory(path=plan.path, owner="root", group="root", mode=0o700, keep=True),
        ),
        packages=tuple(sorted({*PACKAGES, *_producer_packages(plan, node)})),
        expected_runs=(expected_run(name, schedule, plan.limits.duration_seconds),),
        kept_trees=(
            KeptTree(
                plan=plan.name,
                source=node.name,
                path=plan.path,
                datasets=tuple(dataset.name for dataset in topology.planned_datasets(plan, node)),
                origin=plan.origin,
            ),
        ),
    )


def _capsules(fleet: Fleet, plan: ProtectPlan, node: Node) -> tuple[Capsule, ...]:
    engines = _engines(plan, node)
    count = len(topology.planned_datasets(plan, node))
    common: dict[str, Hole] = {
        "plan": ShellWord.of(plan.name),
        "path": ShellWord.of(plan.path),
        "store_excludes": store_excludes(fleet, node),
        "retention": retention_rules(plan.retention),
        "duration_seconds": ShellWord.of(str(plan.limits.duration_seconds)),
        "datasets": tuple(_dataset(node, dataset) for dataset in topology.planned_datasets(plan, node)),
    }
    interval = longest_interval_seconds(plan.schedule.cron)
    capsules = [
        make_capsule(
            fleet,
            node,
            name=f"backup_{plan.name}",
            template="backup.sh.j2",
            summary=f"Backs up {count} dataset{'s'[: count != 1]} of this node into {plan.path}.",
            origin=plan.origin,
            interval_seconds=ShellWord.of(str(interval)),
            producer_functions=tuple(engine.functions(node) for engine in engines),
            **common,
        ),
        make_capsule(
            fleet,
            node,
            name=f"acknowledge_{plan.name}",
            template="acknowledge.sh.j2",
            summary=f"Accepts the size of datasets that the last run of backup_{plan.name} found shrunken.",
            origin=plan.origin,
            plan=ShellWord.of(plan.name),
            backup=ShellWord.of(f"backup_{plan.name}"),
        ),
    ]
    if plan.preview:
        capsules.append(
            make_capsule(
                fleet,
                node,
                name=f"preview_{plan.name}",
                template="preview.sh.j2",
                summary=f"Says, and changes nothing, what backup_{plan.name} would do now.",
                origin=plan.origin,
                producer_functions=tuple(engine.preview_functions(node) for engine in engines),
                **common,
            )
        )
    return tuple(capsules)


def _dataset(node: Node, dataset: Dataset) -> Holes:
    return holes_of(
        dataset.origin,
        name=ShellWord.of(dataset.name),
        mountpoint=ShellWord.of(dataset.mountpoint or ""),
        canary=ShellWord.of(dataset.canary or ""),
        shrink_limit=ShellWord.of(str(dataset.shrink_limit_percent)),
        produce=producers()[dataset.producer].produce(node, dataset),
    )


def _engines(plan: ProtectPlan, node: Node) -> tuple[ProducerEngine, ...]:
    names = sorted({dataset.producer for dataset in topology.planned_datasets(plan, node)})
    return tuple(producers()[name] for name in names)


def _producer_packages(plan: ProtectPlan, node: Node) -> set[str]:
    return {package for engine in _engines(plan, node) for package in engine.packages(node)}
