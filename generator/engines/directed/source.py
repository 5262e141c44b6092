"""What a directed plan puts on its sources: snapshots are taken, offered to the store, and removed again."""

from __future__ import annotations

import hashlib

from generator.engines.capsules import make_capsule
from generator.engines.contribution import Connection, Contribution
from generator.engines.directed import names
from generator.engines.directed.exclusion import left_out_expression, part_excludes
from generator.engines.directed.phases import unpause_wait
from generator.engines.discovery import snapshots
from generator.engines.protocols import SnapshotEngine
from generator.engines.stores.tree import topology
from generator.inventory.model import Dataset, DirectedPlan, Fleet, Node
from generator.plan import Capsule, Fragment, Hole, Holes, holes_of
from generator.quoting import RsyncdValue, ShellWord

PACKAGES = ("acl", "attr", "bash", "mount", "rsync", "util-linux")
REMOVE_SECONDS = 600
LONGEST_NAME = 64  # the kernel's device mapper takes 127 characters of group and volume, with every hyphen doubled
LIVE = "plain"


def contributions(fleet: Fleet, plan: DirectedPlan) -> tuple[Contribution, ...]:
    """Everything that ``plan`` puts on its sources; one without datasets gets nothing."""
    return tuple(_source(fleet, plan, fleet.node(name)) for name in plan.sources if _datasets(fleet, plan, name))


def part_connection(fleet: Fleet, plan: DirectedPlan, source: str, dataset: Dataset) -> Connection:
    """The permission by which the store of ``source`` pulls one part; its account meets nothing but that source."""
    store = names.store_of(plan, source)
    return names.connection(
        fleet,
        purpose="collect",
        client=store.node,
        server=source,
        capsule=names.send_part(plan.name, dataset.name),
        origin=plan.origin,
        account=topology.account_name(fleet, store, source),
        reason=f"collects the dataset {dataset.name} of {source} for plan {plan.name}",
    )


def snapshot_name(fleet: Fleet, plan: str, dataset: Dataset) -> str:
    """What the snapshot of ``dataset`` is called; every engine takes it, and no two of one node are equal."""
    # names of fleets, plans and datasets hold no `_`, and Gluster takes no dot
    name = f"capsule-{fleet.deployment}-{plan}-{dataset.name}".replace(".", "_")
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(snapshot_owner(fleet, plan, dataset).encode()).hexdigest()[:16]
    return f"{name[: LONGEST_NAME - 17].rstrip('-_')}-{digest}"


def snapshot_owner(fleet: Fleet, plan: str, dataset: Dataset) -> str:
    """By what a snapshot is known to be this plan's, whatever it is called: a tag, a property, a description."""
    return f"capsule:{fleet.deployment}/{plan}/{dataset.name}"


def is_live(dataset: Dataset) -> bool:
    """Whether ``dataset`` is sent as it lies: it may change while it is read."""
    return dataset.snapshot is None or dataset.snapshot.engine == LIVE


def shortest_send_seconds(dataset: Dataset) -> int:
    """The least time in which a part can be sent."""
    return _engine(dataset).send_seconds


def _datasets(fleet: Fleet, plan: DirectedPlan, source: str) -> tuple[Dataset, ...]:
    return names.planned_datasets(plan, fleet.node(source))


def _engine(dataset: Dataset) -> SnapshotEngine:
    return snapshots()[LIVE if dataset.snapshot is None else dataset.snapshot.engine]


def _source(fleet: Fleet, plan: DirectedPlan, node: Node) -> Contribution:
    datasets = _datasets(fleet, plan, node.name)
    engines = {_engine(dataset).name: _engine(dataset) for dataset in datasets}
    packages = {package for engine in engines.values() for package in engine.packages(node)}
    prepare, remove = names.prepare(plan.name), names.remove(plan.name)
    return Contribution(
        node=node.name,
        capsules=(
            _whole(fleet, plan, node, prepare, "prepare.sh.j2", "Takes snapshots of", plan.lease.deadline_seconds),
            _whole(fleet, plan, node, remove, "remove.sh.j2", "Removes the snapshots of", REMOVE_SECONDS),
            *(_sender(fleet, plan, node, dataset) for dataset in datasets),
        ),
        connections=tuple(part_connection(fleet, plan, node.name, dataset) for dataset in datasets),
        packages=tuple(sorted({*PACKAGES, *packages})),
    )


def _whole(
    fleet: Fleet, plan: DirectedPlan, node: Node, name: str, template: str, verb: str, seconds: int
) -> Capsule:
    datasets = _datasets(fleet, plan, node.name)
    return make_capsule(
        fleet,
        node,
        name=name,
        template=template,
        summary=f"{verb} {len(datasets)} dataset{'s'[: len(datasets) != 1]} of this node for plan {plan.name}.",
        origin=plan.origin,
        duration_seconds=ShellWord.of(str(seconds)),
        wait_seconds=ShellWord.of(str(unpause_wait(plan))),
        guarded=not all(is_live(dataset) for dataset in datasets),
        keep_seconds=ShellWord.of(str(plan.limits.duration_seconds)),
        paused=node.name in names.paused_nodes(fleet, plan),
        lease=ShellWord.of(names.lease_directory(fleet, plan)),
        **_parts(fleet, plan, node, datasets),
    )


def _sender(fleet: Fleet, plan: DirectedPlan, node: Node, dataset: Dataset) -> Capsule:
    part = f"{names.run_directory(fleet, plan.name)}/parts/{dataset.name}"
    data = names.dataset_path(dataset) if is_live(dataset) else f"{part}/data"
    return make_capsule(
        fleet,
        node,
        name=names.send_part(plan.name, dataset.name),
        template="send_part.sh.j2",
        summary=f"Sends the frozen dataset {dataset.name} to whoever holds the key, read-only.",
        origin=dataset.origin,
        duration_seconds=ShellWord.of(str(plan.limits.duration_seconds)),
        dataset=ShellWord.of(dataset.name),
        data=ShellWord.of(data),
        served=RsyncdValue.of(data),
        record=RsyncdValue.of(f"{part}/record"),
        live=ShellWord.of("yes" if is_live(dataset) else "no"),
        excludes=tuple(ShellWord.of(pattern) for pattern in part_excludes(fleet, node, dataset)),
        **_parts(fleet, plan, node, (dataset,)),
    )


def _parts(fleet: Fleet, plan: DirectedPlan, node: Node, datasets: tuple[Dataset, ...]) -> dict[str, Hole]:
    engines = {_engine(dataset).name: _engine(dataset) for dataset in datasets}
    functions = (fragment for name in sorted(engines) for fragment in engines[name].functions(node))
    return {
        "plan": ShellWord.of(plan.name),
        "run_directory": ShellWord.of(names.run_directory(fleet, plan.name)),
        "engine_functions": tuple(dict.fromkeys(functions)),
        "datasets": tuple(_part(fleet, plan, node, dataset) for dataset in datasets),
    }


def _part(fleet: Fleet, plan: DirectedPlan, node: Node, dataset: Dataset) -> Holes:
    engine = _engine(dataset)
    return holes_of(
        dataset.origin,
        name=ShellWord.of(dataset.name),
        path=ShellWord.of(names.dataset_path(dataset)),
        snapshot=ShellWord.of(snapshot_name(fleet, plan.name, dataset)),
        owner=ShellWord.of(snapshot_owner(fleet, plan.name, dataset)),
        mount=ShellWord.of("" if is_live(dataset) else names.snapshot_mount(fleet, plan, dataset)),
        mountpoint=ShellWord.of(dataset.mountpoint or ""),
        canary=ShellWord.of(dataset.canary or ""),
        left_out=ShellWord.of(left_out_expression(part_excludes(fleet, node, dataset))),
        step=Fragment(
            template=f"snapshots/{engine.name.replace('-', '_')}_step.sh.j2",
            holes=holes_of(
                dataset.origin if dataset.snapshot is None else dataset.snapshot.origin,
                arguments=engine.arguments(fleet, plan.name, dataset),
            ),
        ),
    )
