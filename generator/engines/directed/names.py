"""Names that the parts of a directed plan agree on: capsules, edges, directories."""

from __future__ import annotations

from generator.engines.capsules import capsule_path, key_path
from generator.engines.contribution import Connection
from generator.engines.discovery import producers
from generator.inventory.model import Dataset, DirectedPlan, DirectedStore, Fleet, Node
from generator.plan import Edge, Origin

PERFORM = "perform_backup"


def pause(plan: str) -> str:
    """The capsule that pauses a node."""
    return f"pause_{plan}"


def unpause(plan: str) -> str:
    """The capsule that ends a pause."""
    return f"unpause_{plan}"


def stop_docker(plan: str) -> str:
    """The capsule that stops a node's containers and keeps them stopped."""
    return f"stop_docker_{plan}"


def start_docker(plan: str) -> str:
    """The capsule that ends such a stop."""
    return f"start_docker_{plan}"


def prepare(plan: str) -> str:
    """The capsule that takes a source's snapshots."""
    return f"prepare_{plan}"


def remove(plan: str) -> str:
    """The capsule that removes a source's snapshots."""
    return f"remove_{plan}"


def send_part(plan: str, dataset: str) -> str:
    """The sealed sender of one dataset's snapshot."""
    return f"send_{plan}_{dataset}"


def pull(plan: str) -> str:
    """The capsule by which a store pulls its sources."""
    return f"pull_{plan}"


def commit(plan: str) -> str:
    """The capsule by which a store publishes what it pulled."""
    return f"commit_{plan}"


def list_stored(plan: str) -> str:
    """The capsule by which a store says what it keeps."""
    return f"list_{plan}"


def send_stored(plan: str, source: str) -> str:
    """The sealed sender of what a store keeps of one source."""
    return f"send_stored_{plan}_{source}"


def send_replica(plan: str) -> str:
    """The sealed sender of a store's snapshots."""
    return f"send_replica_{plan}"


def replicate(plan: str) -> str:
    """The capsule by which a replica pulls."""
    return f"replicate_{plan}"


def restore(plan: str) -> str:
    """The capsule by which the director has a source restore itself, with a permit."""
    return f"restore_{plan}"


def permit_restore(plan: str) -> str:
    """The capsule by which root on a source opens such a permit."""
    return f"permit_restore_{plan}"


def run_directory(fleet: Fleet, plan: str) -> str:
    """Where a source or a paused node keeps what must not survive a boot."""
    return f"/run/capsule/{fleet.deployment}/{plan}"


def lease_directory(fleet: Fleet, plan: DirectedPlan) -> str:
    """Where a paused node keeps what it holds."""
    return f"{run_directory(fleet, '')}lease_{plan.name}"


def paused_nodes(fleet: Fleet, plan: DirectedPlan) -> tuple[str, ...]:
    """The nodes that have something to hold still."""
    return tuple(name for name in plan.quiesced if fleet.node(name).quiescers)


def planned_datasets(plan: DirectedPlan, node: Node) -> tuple[Dataset, ...]:
    """The datasets of ``node`` that ``plan`` backs up."""
    return tuple(dataset for dataset in node.datasets if not plan.datasets or dataset.name in plan.datasets)


def dataset_path(dataset: Dataset) -> str:
    """The one path of a dataset of a directed plan."""
    (root,) = producers()[dataset.producer].roots(dataset)
    return root


def part_name(source: str, dataset: Dataset) -> str:
    """The directory of a part in every stored backup, as SBDI names it: ``cassandra-1@+docker_local``."""
    return f"{source}@{dataset_path(dataset).replace('/', '+')}"


def store_of(plan: DirectedPlan, source: str) -> DirectedStore:
    """The store that pulls ``source``; raises `StopIteration` where none does."""
    return next(store for store in plan.stores if source in store.sources)


def snapshot_mount(fleet: Fleet, plan: DirectedPlan, dataset: Dataset) -> str:
    """Where the snapshot of ``dataset`` is mounted while it is sent."""
    given = dataset.snapshot.mount if dataset.snapshot is not None else ""
    return given or f"{run_directory(fleet, plan.name)}/snapshots/{dataset.name}"


def control(fleet: Fleet, plan: DirectedPlan, server: str, capsule: str) -> Connection:
    """The permission by which the director starts ``capsule`` on ``server``, and nothing else."""
    return connection(
        fleet, purpose="control", client=plan.director, server=server, capsule=capsule, origin=plan.origin
    )


def connection(
    fleet: Fleet,
    *,
    purpose: str,
    client: str,
    server: str,
    capsule: str,
    origin: Origin,
    account: str = "root",
    reason: str = "",
) -> Connection:
    """An edge of ``account`` on ``client`` that may run ``capsule`` on ``server``."""
    edge = Edge(purpose=purpose, client=client, account=account, server=server, capsule=capsule)
    return Connection(
        edge=edge, key_group=account, capsule_path=capsule_path(fleet, capsule), origin=origin, reason=reason
    )


def connection_key(fleet: Fleet, made: Connection) -> str:
    """Where the private key of ``made`` lies on its client."""
    return key_path(fleet, made.edge.name)
