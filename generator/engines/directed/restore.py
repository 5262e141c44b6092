"""Restoring from a store that keeps whole moments: every source pulls its own parts, with keys that can only read."""

from __future__ import annotations

from dataclasses import dataclass

from generator.engines.capsules import kept_out, key_path, known_hosts_path, make_capsule, reached
from generator.engines.contribution import Connection, Contribution
from generator.engines.directed import names
from generator.engines.directed.exclusion import left_out_expression, part_excludes
from generator.engines.directed.store_holes import number, store_capsule
from generator.engines.directed.writers import writer_holes
from generator.engines.discovery import producers
from generator.engines.producers.paths import exclude_option, filter_pattern
from generator.engines.schedules import SECONDS_OF_A_DAY
from generator.engines.stores.keepers import Uses
from generator.inventory.model import Dataset, DirectedPlan, DirectedStore, Fleet, Node, ReplicaPlan, RestorePoint
from generator.inventory.nodes import DATA_NUMBERS_FROM
from generator.plan import Capsule, Fragment, Hole, Holes, holes, holes_of
from generator.quoting import ShellWord

# A restore of everything may take long, and nobody wants it ended for that; one that hangs for a day never ends.
RESTORE_SECONDS = SECONDS_OF_A_DAY
PACKAGES = ("acl", "attr", "openssh-client", "rsync", "util-linux")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What ``plan`` keeps on ``store`` of the sources of ``directed``."""

    fleet: Fleet
    plan: DirectedPlan | ReplicaPlan
    directed: DirectedPlan
    store: DirectedStore

    def datasets(self, source: str) -> tuple[Dataset, ...]:
        """The datasets of ``source`` that the store keeps."""
        return names.planned_datasets(self.directed, self.fleet.node(source))

    def connection(self, source: str, capsule: str, reason: str = "") -> Connection:
        """The permission of root on ``source`` to run ``capsule`` on the store."""
        return names.connection(
            self.fleet,
            purpose="restore",
            client=source,
            server=self.store.node,
            capsule=capsule,
            origin=self.plan.origin,
            reason=reason,
        )


def contributions(fleet: Fleet, plan: DirectedPlan) -> tuple[Contribution, ...]:
    """What lets every source of ``plan`` restore itself, by itself or, with a permit, when the director says so."""
    made: list[Contribution] = []
    for store in plan.stores:
        made += from_store(Kept(fleet=fleet, plan=plan, directed=plan, store=store))
    if plan.permit_seconds is not None:
        made += [_directed(fleet, plan, source, plan.permit_seconds) for source in plan.sources]
    return tuple(made)


def from_store(kept: Kept) -> tuple[Contribution, ...]:
    """The sealed senders of what a store keeps, and the capsules of its sources that restore from there."""
    senders = Contribution(
        node=kept.store.node,
        capsules=tuple(_sender(kept, source) for source in kept.store.sources),
    )
    return (senders, *(_source(kept, source) for source in kept.store.sources))


def _sender(kept: Kept, source: str) -> Capsule:
    return store_capsule(
        kept.fleet,
        kept.plan,
        kept.store,
        uses=Uses.READ,
        name=names.send_stored(kept.plan.name, source),
        template="send_stored.sh.j2",
        summary=f"Sends what plan {kept.plan.name} keeps of {source} to whoever holds the key, read-only.",
        source=ShellWord.of(source),
        first_number=number(DATA_NUMBERS_FROM),
        duration_seconds=number(RESTORE_SECONDS),
        parts=tuple(
            holes_of(
                dataset.origin,
                dataset=ShellWord.of(dataset.name),
                part=ShellWord.of(names.part_name(source, dataset)),
            )
            for dataset in kept.datasets(source)
        ),
    )


def _source(kept: Kept, source: str) -> Contribution:
    node, plan = kept.fleet.node(source), kept.plan.name
    capsules: list[Capsule] = []
    for dataset in kept.datasets(source):
        capsules += [_whole(kept, node, dataset), _preview(kept, node, dataset)]
        capsules += [
            _point(kept, node, dataset, point)
            for point in node.restore_points
            if point.source == plan and point.dataset == dataset.name
        ]
    reason = f"restores its own data from plan {plan}"
    return Contribution(
        node=source,
        capsules=tuple(capsules),
        connections=(
            kept.connection(source, names.list_stored(plan), f"asks what plan {plan} keeps, to restore from it"),
            kept.connection(source, names.send_stored(plan, source), reason),
        ),
        packages=PACKAGES,
    )


def _whole(kept: Kept, node: Node, dataset: Dataset) -> Capsule:
    return _restoring(
        kept,
        node,
        (dataset,),
        name=f"restore_{dataset.name}_from_{kept.plan.name}",
        summary=f"Restores dataset {dataset.name} of this node from plan {kept.plan.name} on {kept.store.node};"
        " what that does not have is deleted.",
        dataset=ShellWord.of(dataset.name),
    )


def _point(kept: Kept, node: Node, dataset: Dataset, point: RestorePoint) -> Capsule:
    return _restoring(
        kept,
        node,
        (dataset,),
        name=f"restore_point_{point.name}_from_{kept.plan.name}",
        summary=f"Restores {point.path} of dataset {point.dataset} from plan {kept.plan.name}, and nothing else.",
        dataset=ShellWord.of(dataset.name),
        point=point,
    )


def _preview(kept: Kept, node: Node, dataset: Dataset) -> Capsule:
    excludes = part_excludes(kept.fleet, node, dataset)
    return make_capsule(
        kept.fleet,
        node,
        name=f"preview_restore_{dataset.name}_from_{kept.plan.name}",
        template="preview_restore.sh.j2",
        summary=f"Says what restoring dataset {dataset.name} from plan {kept.plan.name} would change.",
        origin=dataset.origin,
        dataset=ShellWord.of(dataset.name),
        part=ShellWord.of(names.part_name(node.name, dataset)),
        path=ShellWord.of(names.dataset_path(dataset)),
        left_out=ShellWord.of(left_out_expression(excludes)),
        point=False,
        **_place(kept, node),
    )


def _directed(fleet: Fleet, plan: DirectedPlan, source: str, permit_seconds: int) -> Contribution:
    kept = Kept(fleet=fleet, plan=plan, directed=plan, store=names.store_of(plan, source))
    node, name = fleet.node(source), names.restore(plan.name)
    return Contribution(
        node=source,
        capsules=(
            _restoring(
                kept,
                node,
                kept.datasets(source),
                name=name,
                summary=f"Restores this node from plan {plan.name} when its director asks and root here permits it.",
                permit=ShellWord.of(name),
            ),
            make_capsule(
                fleet,
                node,
                name=names.permit_restore(plan.name),
                template="permit.sh.j2",
                summary=f"Permits the director of plan {plan.name} one restore of this node from one backup.",
                origin=plan.origin,
                permit=ShellWord.of(name),
                permit_seconds=number(permit_seconds),
            ),
        ),
    )


def _restoring(
    kept: Kept,
    node: Node,
    datasets: tuple[Dataset, ...],
    *,
    name: str,
    summary: str,
    point: RestorePoint | None = None,
    **extra: Hole,
) -> Capsule:
    functions = (producers()[dataset.producer].restore_functions(node) for dataset in datasets)
    return make_capsule(
        kept.fleet,
        node,
        name=name,
        template="restore_stored.sh.j2",
        summary=summary,
        origin=point.origin if point is not None else datasets[0].origin if len(datasets) == 1 else kept.plan.origin,
        permitted="permit" in extra,
        point=False if point is None else ShellWord.of(point.path),
        point_filters=() if point is None else _point_filters(datasets[0], point),
        producer_functions=() if point is not None else tuple(dict.fromkeys(functions)),
        datasets=tuple(_dataset(node, dataset, point) for dataset in datasets),
        **writer_holes(kept.fleet, node),
        **_place(kept, node),
        **extra,
    )


def _dataset(node: Node, dataset: Dataset, point: RestorePoint | None) -> Holes:
    path = names.dataset_path(dataset)
    nothing = Fragment(template="producers/nothing.sh.j2", holes=holes())
    return holes_of(
        dataset.origin,
        name=ShellWord.of(dataset.name),
        part=ShellWord.of(names.part_name(node.name, dataset)),
        path=ShellWord.of(path),
        root=ShellWord.of(path if point is None else point.path),
        mountpoint=ShellWord.of(dataset.mountpoint or ""),
        restore=nothing if point is not None else producers()[dataset.producer].restore(node, dataset),
    )


def _point_filters(dataset: Dataset, point: RestorePoint) -> tuple[Hole, ...]:
    """rsync's options that leave of a part only the point, what is below it, and the directories above it."""
    whole = point.path.removeprefix(names.dataset_path(dataset).rstrip("/"))
    if not whole.strip("/"):
        return ()
    above = whole.split("/")[1:-1]
    directories = ["/" + "/".join(above[: count + 1]) for count in range(len(above))]
    patterns = [*map(filter_pattern, [*directories, whole]), filter_pattern(whole, "/**")]
    return tuple(ShellWord.of(option) for option in [*(f"--include={one}" for one in patterns), "--exclude=*"])


def _place(kept: Kept, node: Node) -> dict[str, Hole]:
    """Where the backups are; a restore goes around stores and Capsule's own files."""
    fleet, plan, source = kept.fleet, kept.plan.name, node.name
    around = kept_out(fleet, node)
    return {
        "plan": ShellWord.of(plan),
        "operator": ShellWord.of(fleet.operator.name),
        "known_hosts": ShellWord.of(known_hosts_path(fleet)),
        "duration_seconds": number(RESTORE_SECONDS),
        "store_excludes": tuple(ShellWord.of(exclude_option(path)) for path in around),
        "kept_out": tuple(ShellWord.of(path) for path in around),
        "server": holes(
            **reached(fleet, kept.connection(source, names.send_stored(plan, source)).edge),
            list_key=ShellWord.of(key_path(fleet, kept.connection(source, names.list_stored(plan)).edge.name)),
        ),
    }
