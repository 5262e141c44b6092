"""What every capsule of a store is told: the store itself, its sources, their parts and the keys to them."""

from __future__ import annotations

from generator.engines.capsules import address_holes, key_path, known_hosts_path, make_capsule
from generator.engines.contribution import Contribution
from generator.engines.directed import names
from generator.engines.directed.source import part_connection
from generator.engines.discovery import keepers
from generator.engines.stores.keepers import Uses
from generator.engines.stores.tree import topology
from generator.inventory.model import DirectedPlan, DirectedStore, Fleet, Ownership, ReplicaPlan
from generator.plan import Capsule, Directory, Hole, Holes, holes_of
from generator.quoting import ShellWord

PACKAGES = ("acl", "attr", "bash", "openssh-client", "rsync", "util-linux")


def store_place(fleet: Fleet, store: DirectedStore) -> Contribution:
    """What ``store`` needs before anything is kept there: its accounts, its directory, its packages."""
    # Data accounts pass through, each to its own part; where root receives, nobody else does.
    mode = 0o700 if store.ownership is Ownership.NATIVE else 0o711
    return Contribution(
        node=store.node,
        accounts=topology.data_accounts(fleet, store),
        directories=(Directory(path=store.path, owner="root", group="root", mode=mode, keep=True),),
        packages=tuple(sorted({*PACKAGES, *keepers()[store.engine].keeper_packages(fleet.node(store.node))})),
    )


def store_capsule(
    fleet: Fleet,
    plan: DirectedPlan | ReplicaPlan,
    store: DirectedStore,
    *,
    uses: Uses,
    name: str,
    template: str,
    summary: str,
    **extra: Hole,
) -> Capsule:
    """A capsule of ``store`` with its keeper's functions for ``uses``; ``extra`` are the template's own holes."""
    given: dict[str, Hole] = {
        "plan": ShellWord.of(plan.name),
        "path": ShellWord.of(store.path),
        "fake_super": store.ownership is Ownership.FAKE_SUPER,
        "keeper": keepers()[store.engine].keeper(fleet, plan.name, store, uses),
        "duration_seconds": number(plan.limits.duration_seconds),
    }
    return make_capsule(
        fleet,
        fleet.node(store.node),
        name=name,
        template=template,
        summary=summary,
        origin=store.origin,
        **{**given, **extra},
    )


def receiving_holes(
    fleet: Fleet, plan: DirectedPlan | ReplicaPlan, store: DirectedStore, source_seconds: int
) -> dict[str, Hole]:
    """What a capsule is told that receives parts into ``store``: its limits, and how it calls others."""
    limits = plan.limits
    return {
        # Only engines some of whose platforms cannot keep them have a setting for that.
        "attributes": getattr(store.settings, "attributes", True),
        "operator": ShellWord.of(fleet.operator.name),
        "known_hosts": ShellWord.of(known_hosts_path(fleet)),
        "largest_file": number(limits.largest_file_bytes),
        "reserve_bytes": number(limits.reserve_bytes),
        "source_seconds": number(source_seconds),
    }


def source_holes(fleet: Fleet, plan: DirectedPlan, store: DirectedStore, source: str) -> Holes:
    """What a capsule knows of one source: how to reach it, its account, and its parts with their keys."""
    server = fleet.node(source)
    return holes_of(
        server.origin,
        name=ShellWord.of(source),
        account=number(topology.account_number(fleet, store, source)),
        **address_holes(server, "server"),
        parts=tuple(
            holes_of(
                dataset.origin,
                dataset=ShellWord.of(dataset.name),
                part=ShellWord.of(names.part_name(source, dataset)),
                key=ShellWord.of(key_path(fleet, part_connection(fleet, plan, source, dataset).edge.name)),
                shrink_limit=number(dataset.shrink_limit_percent),
                path=ShellWord.of(names.dataset_path(dataset)),
            )
            for dataset in names.planned_datasets(plan, server)
        ),
    )


def number(value: int) -> ShellWord:
    """A number, as a word."""
    return ShellWord.of(str(value))
