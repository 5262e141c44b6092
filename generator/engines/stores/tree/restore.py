"""Restoring: what root runs on a node to get its own data back, from its own tree or from a collecting node."""

from __future__ import annotations

from generator.engines.capsules import capsule_path, kept_out, known_hosts_path, make_capsule, reached
from generator.engines.contribution import Connection, Contribution
from generator.engines.discovery import producers
from generator.engines.producers.paths import exclude_option, filter_pattern
from generator.engines.schedules import SECONDS_OF_A_DAY
from generator.engines.stores.tree import topology
from generator.inventory.model import CollectPlan, Dataset, Fleet, Node, ProtectPlan, RestorePoint
from generator.plan import Capsule, Edge, Fragment, Hole, holes
from generator.quoting import ShellWord

# A restore of everything may take long, and nobody wants it ended for that; one that hangs for a day never ends.
RESTORE_SECONDS = SECONDS_OF_A_DAY
PACKAGES = ("acl", "attr", "rsync", "util-linux")


def from_local(fleet: Fleet, plan: ProtectPlan) -> tuple[Contribution, ...]:
    """Capsules by which each node of ``plan`` restores from its own tree, without any network."""
    return tuple(_local(fleet, plan, fleet.node(name)) for name in plan.nodes)


def from_collection(fleet: Fleet, plan: CollectPlan) -> tuple[Contribution, ...]:
    """Capsules by which each source of ``plan`` restores from the plan's node, and the permission for it."""
    root = topology.protecting_plan(fleet, plan)
    return tuple(
        _remote(fleet, plan, root, fleet.node(source))
        for source in plan.sources
        if topology.planned_datasets(root, fleet.node(source))
    )


def _local(fleet: Fleet, plan: ProtectPlan, node: Node) -> Contribution:
    capsules: list[Capsule] = []
    place: dict[str, Hole] = {"remote": False, "path": ShellWord.of(plan.path), "plan": ShellWord.of(plan.name)}
    for dataset in topology.planned_datasets(plan, node):
        whole = _dataset_holes(fleet, node, dataset)
        for name, which, latest_only in (
            (f"restore_latest_{dataset.name}", "its newest complete local backup", True),
            (f"restore_{dataset.name}", "a local backup that is named on standard input", False),
        ):
            capsules.append(
                make_capsule(
                    fleet,
                    node,
                    name=name,
                    template="restore.sh.j2",
                    summary=f"Restores dataset {dataset.name} of this node from {which};"
                    " what that does not have is deleted.",
                    origin=dataset.origin,
                    latest_only=latest_only,
                    **place,
                    **whole,
                )
            )
    capsules += _points(fleet, node, plan.name, topology.planned_datasets(plan, node), place)
    return Contribution(node=node.name, capsules=tuple(capsules), packages=PACKAGES)


def _remote(fleet: Fleet, plan: CollectPlan, root: ProtectPlan, node: Node) -> Contribution:
    edge = Edge(
        purpose="restore",
        client=node.name,
        account="root",
        server=plan.node,
        capsule=topology.collected_sender_name(plan, node.name),
    )
    place: dict[str, Hole] = {
        "remote": True,
        "plan": ShellWord.of(plan.name),
        "operator": ShellWord.of(fleet.operator.name),
        "known_hosts": ShellWord.of(known_hosts_path(fleet)),
        "server": holes(**reached(fleet, edge)),
    }
    datasets = topology.planned_datasets(root, node)
    capsules = [
        make_capsule(
            fleet,
            node,
            name=f"restore_{dataset.name}_from_{plan.name}",
            template="restore.sh.j2",
            summary=f"Restores dataset {dataset.name} of this node from plan {plan.name} on {plan.node};"
            " what that does not have is deleted.",
            origin=dataset.origin,
            latest_only=False,
            **place,
            **_dataset_holes(fleet, node, dataset),
        )
        for dataset in datasets
    ]
    capsules += _points(fleet, node, plan.name, datasets, place)
    connection = Connection(
        edge=edge,
        key_group="root",
        capsule_path=capsule_path(fleet, edge.capsule),
        origin=plan.origin,
        reason=f"restores its own data from plan {plan.name}",
    )
    return Contribution(
        node=node.name,
        capsules=tuple(capsules),
        connections=(connection,),
        packages=(*PACKAGES, "openssh-client"),
    )


def _points(
    fleet: Fleet, node: Node, plan: str, datasets: tuple[Dataset, ...], place: dict[str, Hole]
) -> list[Capsule]:
    """A capsule for each restore point of ``node`` that names ``plan``."""
    names = {dataset.name for dataset in datasets}
    return [
        make_capsule(
            fleet,
            node,
            name=f"restore_point_{point.name}_from_{plan}",
            template="restore.sh.j2",
            summary=f"Restores {point.path} of dataset {point.dataset} from plan {plan}, and nothing else.",
            origin=point.origin,
            latest_only=False,
            **place,
            **_point_holes(fleet, node, point),
        )
        for point in node.restore_points
        if point.source == plan and point.dataset in names
    ]


def _dataset_holes(fleet: Fleet, node: Node, dataset: Dataset) -> dict[str, Hole]:
    engine = producers()[dataset.producer]
    return {
        **_common_holes(fleet, node, dataset.name),
        "point": False,
        "point_filters": (),
        "roots": tuple(ShellWord.of(path) for path in engine.roots(dataset)),
        "producer_functions": engine.restore_functions(node),
        "restore": engine.restore(node, dataset),
    }


def _point_holes(fleet: Fleet, node: Node, point: RestorePoint) -> dict[str, Hole]:
    nothing = Fragment(template="producers/nothing.sh.j2", holes=holes())
    return {
        **_common_holes(fleet, node, point.dataset),
        "point": ShellWord.of(point.path),
        "point_filters": _point_filters(point),
        "roots": (ShellWord.of(point.path),),
        "producer_functions": nothing,
        "restore": nothing,
    }


def _point_filters(point: RestorePoint) -> tuple[Hole, ...]:
    """rsync's options that leave of a dataset only the point, what is below it, and the directories above it."""
    whole = f"/{point.dataset}{point.path}"
    parts = whole.split("/")[1:-1]
    above = ["/" + "/".join(parts[: count + 1]) for count in range(len(parts))]
    patterns = [*map(filter_pattern, [*above, whole]), filter_pattern(whole, "/**")]
    return tuple(ShellWord.of(option) for option in [*(f"--include={one}" for one in patterns), "--exclude=*"])


def _common_holes(fleet: Fleet, node: Node, dataset: str) -> dict[str, Hole]:
    """Stores and Capsule's own files are no part of any dataset: a restore goes around all of them."""
    around = kept_out(fleet, node)
    return {
        "dataset": ShellWord.of(dataset),
        "duration_seconds": ShellWord.of(str(RESTORE_SECONDS)),
        "store_excludes": tuple(ShellWord.of(exclude_option(path)) for path in around),
        "kept_out": tuple(ShellWord.of(path) for path in around),
    }
