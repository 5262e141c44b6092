"""The stores of a directed plan: they pull what its sources froze, keep it, list it, and let it go."""

from __future__ import annotations

from math import ceil

from generator.engines.capsules import key_path, known_hosts_path, make_capsule
from generator.engines.contribution import Connection, Contribution, ExpectedRun
from generator.engines.directed import names
from generator.engines.discovery import keepers
from generator.engines.stores.keepers import Uses
from generator.engines.stores.tree import topology
from generator.engines.stores.tree.protect import retention_rules
from generator.inventory.model import Dataset, DirectedPlan, DirectedStore, Fleet, Ownership
from generator.plan import Capsule, Directory, Hole, Holes, holes_of
from generator.quoting import ShellWord

PACKAGES = ("acl", "attr", "bash", "openssh-client", "rsync", "util-linux")
SHORTEST_SOURCE_SECONDS = 10
LISTING_SECONDS = 120


def contributions(fleet: Fleet, plan: DirectedPlan) -> tuple[Contribution, ...]:
    """What ``plan`` puts on each of its stores, and what lets its director order them."""
    return (*(_store(fleet, plan, store) for store in plan.stores), _orders(fleet, plan))


def account_number(fleet: Fleet, store: DirectedStore, source: str) -> int:
    """The uid and gid that receive and own the parts of ``source``: root's where owners are kept natively."""
    native = store.ownership is Ownership.NATIVE
    return 0 if native else topology.data_account(fleet, source).number


def _store(fleet: Fleet, plan: DirectedPlan, store: DirectedStore) -> Contribution:
    native = store.ownership is Ownership.NATIVE
    return Contribution(
        node=store.node,
        capsules=_capsules(fleet, plan, store),
        connections=tuple(
            _part_connection(fleet, plan, store, source, dataset)
            for source in store.sources
            for dataset in names.planned_datasets(plan, fleet.node(source))
        ),
        accounts=() if native else tuple(topology.data_account(fleet, source) for source in store.sources),
        directories=(
            # Data accounts pass through, each to its own part; where root receives, nobody else does.
            Directory(path=store.path, owner="root", group="root", mode=0o700 if native else 0o711, keep=True),
        ),
        packages=tuple(sorted({*PACKAGES, *keepers()[store.engine].keeper_packages(fleet.node(store.node))})),
        expected_runs=tuple(_expected_run(plan, name) for name in _run_names(plan, store)),
    )


def _orders(fleet: Fleet, plan: DirectedPlan) -> Contribution:
    return Contribution(
        node=plan.director,
        connections=tuple(
            names.control(fleet, plan, store.node, capsule)
            for store in plan.stores
            for capsule in (names.pull(plan.name), names.commit(plan.name), names.list_stored(plan.name))
        ),
    )


def _part_connection(
    fleet: Fleet, plan: DirectedPlan, store: DirectedStore, source: str, dataset: Dataset
) -> Connection:
    native = store.ownership is Ownership.NATIVE
    return names.connection(
        fleet,
        purpose="collect",
        client=store.node,
        server=source,
        capsule=names.send_part(plan.name, dataset.name),
        origin=plan.origin,
        account="root" if native else topology.data_account(fleet, source).name,
    )


def _run_names(plan: DirectedPlan, store: DirectedStore) -> tuple[str, ...]:
    pull = names.pull(plan.name)
    return (
        names.commit(plan.name),
        f"health_{plan.name}",
        *(f"{pull}.{source}" for source in store.sources),
    )


def _expected_run(plan: DirectedPlan, name: str) -> ExpectedRun:
    interval = topology.longest_interval_seconds(plan.schedule.cron)
    late = interval + plan.limits.duration_seconds
    return ExpectedRun(
        name=name,
        warning_seconds=late,
        critical_seconds=late + interval,
        interval_seconds=interval,
        origin=plan.schedule.origin,
    )


def _capsules(fleet: Fleet, plan: DirectedPlan, store: DirectedStore) -> tuple[Capsule, ...]:
    count = len(store.sources)
    return (
        _capsule(
            fleet,
            plan,
            store,
            uses=Uses.RECEIVE | Uses.HEALTH,
            name=names.pull(plan.name),
            template="pull.sh.j2",
            summary=f"Pulls the snapshots that {count} source{'s'[: count != 1]} took of a moment that it is told.",
            **_pull_holes(fleet, plan, store),
        ),
        _capsule(
            fleet,
            plan,
            store,
            uses=Uses.PUBLISH | Uses.HEALTH,
            name=names.commit(plan.name),
            template="commit.sh.j2",
            summary="Publishes what was pulled of a moment that it is told, and prunes.",
            interval_seconds=_number(topology.longest_interval_seconds(plan.schedule.cron)),
            retention=retention_rules(plan.retention),
            sources=tuple(_source_holes(fleet, plan, store, source) for source in store.sources),
        ),
        _capsule(
            fleet,
            plan,
            store,
            uses=Uses.LIST,
            name=names.list_stored(plan.name),
            template="list_stored.sh.j2",
            summary=f"Says which backups of plan {plan.name} this node keeps.",
            duration_seconds=_number(LISTING_SECONDS),
        ),
    )


def _capsule(
    fleet: Fleet,
    plan: DirectedPlan,
    store: DirectedStore,
    *,
    uses: Uses,
    name: str,
    template: str,
    summary: str,
    **extra: Hole,
) -> Capsule:
    given: dict[str, Hole] = {
        "plan": ShellWord.of(plan.name),
        "path": ShellWord.of(store.path),
        "fake_super": store.ownership is Ownership.FAKE_SUPER,
        "keeper": keepers()[store.engine].keeper(fleet, plan.name, store, uses),
        "duration_seconds": _number(plan.limits.duration_seconds),
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


def _pull_holes(fleet: Fleet, plan: DirectedPlan, store: DirectedStore) -> dict[str, Hole]:
    limits = plan.limits
    # As many sources as run at once share the run's time: a slow or hostile one takes nobody else's.
    waves = max(1, ceil(len(store.sources) / limits.parallel))
    return {
        "attributes": getattr(store.settings, "attributes", True),
        "operator": ShellWord.of(fleet.operator.name),
        "known_hosts": ShellWord.of(known_hosts_path(fleet)),
        "parallel": _number(limits.parallel),
        "largest_file": _number(limits.largest_file_bytes),
        "reserve_bytes": _number(limits.reserve_bytes),
        "source_seconds": _number(max(SHORTEST_SOURCE_SECONDS, limits.duration_seconds // waves)),
        "interval_seconds": _number(topology.longest_interval_seconds(plan.schedule.cron)),
        "sources": tuple(_source_holes(fleet, plan, store, source) for source in store.sources),
    }


def _source_holes(fleet: Fleet, plan: DirectedPlan, store: DirectedStore, source: str) -> Holes:
    server = fleet.node(source)
    return holes_of(
        server.origin,
        name=ShellWord.of(source),
        account=_number(account_number(fleet, store, source)),
        server=ShellWord.of(server.name),
        address=ShellWord.of(server.address),
        port=_number(server.port),
        parts=tuple(
            holes_of(
                dataset.origin,
                dataset=ShellWord.of(dataset.name),
                part=ShellWord.of(names.part_name(source, dataset)),
                key=ShellWord.of(key_path(fleet, _part_connection(fleet, plan, store, source, dataset).edge.name)),
                shrink_limit=_number(dataset.shrink_limit_percent),
            )
            for dataset in names.planned_datasets(plan, server)
        ),
    )


def _number(value: int) -> ShellWord:
    return ShellWord.of(str(value))
