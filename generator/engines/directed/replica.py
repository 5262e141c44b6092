"""Replicas: another node pulls what a store keeps, as the platform's own streams, or part by part."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from generator.engines.capsules import capsule_path, known_hosts_path, reached
from generator.engines.contribution import Connection, Contribution
from generator.engines.directed import names
from generator.engines.directed.restore import Kept, from_store
from generator.engines.directed.store_holes import number, receiving_holes, store_capsule, store_place
from generator.engines.directed.store_upkeep import (
    expected_scrub,
    listing,
    scrub_capsules,
    scrub_schedule,
    showing,
)
from generator.engines.discovery import keepers
from generator.engines.protocols import KeeperEngine
from generator.engines.schedules import expected_run, longest_interval_seconds
from generator.engines.stores.keepers import Uses
from generator.engines.stores.tree import topology
from generator.engines.stores.tree.protect import retention_rules
from generator.inventory.model import DirectedStore, Fleet, ReplicaPlan
from generator.plan import Capsule, CronEntry, Fragment, Hole, Holes, holes, holes_of
from generator.quoting import ShellWord


@runtime_checkable
class Replicator(KeeperEngine, Protocol):
    """A keeper whose platform turns a backup into a stream, and a stream into a backup."""

    def sending(self, fleet: Fleet, store: DirectedStore) -> Fragment:
        """The functions of ``templates/stores/README.md`` that send."""
        ...

    def receiving(self, fleet: Fleet, store: DirectedStore) -> Fragment:
        """The functions of ``templates/stores/README.md`` that receive."""
        ...


def contributions(fleet: Fleet, plan: ReplicaPlan) -> tuple[Contribution, ...]:
    """What ``plan`` puts on its node, on the store that it pulls from, and on the sources that restore from it."""
    directed = fleet.directed_plan(plan.directed)
    source = _upstream(fleet, plan)
    return (
        _replica(fleet, plan, source),
        store_place(fleet, plan.store),
        *_senders(fleet, plan, source),
        *from_store(Kept(fleet=fleet, plan=plan, directed=directed, store=plan.store)),
    )


def is_native(plan: ReplicaPlan, upstream: DirectedStore) -> bool:
    """Whether both stores are of one platform that has streams, and keep owners in the same way."""
    store = plan.store
    same = store.engine == upstream.engine and store.ownership is upstream.ownership
    return same and isinstance(keepers()[store.engine], Replicator)


def _upstream(fleet: Fleet, plan: ReplicaPlan) -> Kept:
    """What ``plan`` pulls: the store of a directed plan, or another replica."""
    directed = fleet.directed_plan(plan.directed)
    for other in fleet.replica_plans:
        if other.name == plan.replicates:
            return Kept(fleet=fleet, plan=other, directed=directed, store=other.store)
    store = next(one for one in directed.stores if one.node == plan.upstream)
    return Kept(fleet=fleet, plan=directed, directed=directed, store=store)


def _connections(fleet: Fleet, plan: ReplicaPlan, upstream: Kept) -> tuple[Connection, ...]:
    """What the replica may run on the store that it pulls from; the first one says what is kept there."""
    native = is_native(plan, upstream.store)
    asking = names.send_replica(plan.name) if native else names.list_stored(upstream.plan.name)
    made = names.connection(
        fleet,
        purpose="replicate",
        client=plan.store.node,
        server=upstream.store.node,
        capsule=asking,
        origin=plan.origin,
        reason=f"pulls what plan {upstream.plan.name} keeps, for plan {plan.name}",
    )
    if native:
        return (made,)
    return (made, *(_part_connection(fleet, plan, upstream, source) for source in plan.store.sources))


def _part_connection(fleet: Fleet, plan: ReplicaPlan, upstream: Kept, source: str) -> Connection:
    return names.connection(
        fleet,
        purpose="replicate",
        client=plan.store.node,
        server=upstream.store.node,
        capsule=names.send_stored(upstream.plan.name, source),
        origin=plan.origin,
        account=topology.account_name(fleet, plan.store, source),
        reason=f"pulls what plan {upstream.plan.name} keeps of {source}, for plan {plan.name}",
    )


def _senders(fleet: Fleet, plan: ReplicaPlan, upstream: Kept) -> tuple[Contribution, ...]:
    engine = keepers()[upstream.store.engine]
    if not is_native(plan, upstream.store) or not isinstance(engine, Replicator):
        return ()
    sender = store_capsule(
        fleet,
        upstream.plan,
        upstream.store,
        uses=Uses.SEND,
        name=names.send_replica(plan.name),
        template="send_replica.sh.j2",
        summary=f"Sends what plan {upstream.plan.name} keeps to the replica {plan.name}, and nothing else.",
        platform=engine.sending(fleet, upstream.store),
        replica=ShellWord.of(plan.name),
        duration_seconds=number(plan.limits.duration_seconds),
    )
    return (Contribution(node=upstream.store.node, capsules=(sender,)),)


def _replica(fleet: Fleet, plan: ReplicaPlan, upstream: Kept) -> Contribution:
    store, name = plan.store, names.replicate(plan.name)
    return Contribution(
        node=store.node,
        capsules=(
            _replicate(fleet, plan, upstream),
            listing(fleet, plan, store),
            *showing(fleet, plan, store),
            *scrub_capsules(fleet, plan, store, _sources(fleet, plan, upstream)),
        ),
        connections=_connections(fleet, plan, upstream),
        expected_runs=(
            *(
                expected_run(run, plan.schedule, plan.limits.duration_seconds)
                for run in (name, f"health_{plan.name}")
            ),
            *expected_scrub(plan),
        ),
        schedules=(
            CronEntry(
                schedule=plan.schedule.cron, capsule_path=capsule_path(fleet, name), origin=plan.schedule.origin
            ),
            *scrub_schedule(fleet, plan),
        ),
    )


def _replicate(fleet: Fleet, plan: ReplicaPlan, upstream: Kept) -> Capsule:
    engine = keepers()[plan.store.engine]
    common: dict[str, Hole] = {
        "maximum_age": number(plan.maximum_age_seconds),
        "interval_seconds": number(longest_interval_seconds(plan.schedule.cron)),
        "retention": retention_rules(plan.retention),
        "server": holes(**reached(fleet, _connections(fleet, plan, upstream)[0].edge)),
    }
    if is_native(plan, upstream.store) and isinstance(engine, Replicator):
        return store_capsule(
            fleet,
            plan,
            plan.store,
            uses=Uses.REPLICATE | Uses.HEALTH,
            name=names.replicate(plan.name),
            template="replicate.sh.j2",
            summary=f"Pulls what plan {plan.replicates} keeps on {plan.upstream}, as the platform's own streams.",
            platform=engine.receiving(fleet, plan.store),
            operator=ShellWord.of(fleet.operator.name),
            known_hosts=ShellWord.of(known_hosts_path(fleet)),
            **common,
        )
    return store_capsule(
        fleet,
        plan,
        plan.store,
        uses=Uses.RECEIVE | Uses.PUBLISH | Uses.HEALTH,
        name=names.replicate(plan.name),
        template="replicate_parts.sh.j2",
        summary=f"Pulls what plan {plan.replicates} keeps on {plan.upstream}, part by part.",
        sources=_sources(fleet, plan, upstream),
        **receiving_holes(fleet, plan, plan.store, plan.limits.duration_seconds),
        **common,
    )


def _sources(fleet: Fleet, plan: ReplicaPlan, upstream: Kept) -> tuple[Holes, ...]:
    return tuple(_source(fleet, plan, upstream, source) for source in plan.store.sources)


def _source(fleet: Fleet, plan: ReplicaPlan, upstream: Kept, source: str) -> Holes:
    return holes_of(
        plan.origin,
        name=ShellWord.of(source),
        account=number(topology.account_number(fleet, plan.store, source)),
        **reached(fleet, _part_connection(fleet, plan, upstream, source).edge, "server"),
        parts=tuple(
            holes_of(
                dataset.origin,
                dataset=ShellWord.of(dataset.name),
                part=ShellWord.of(names.part_name(source, dataset)),
            )
            for dataset in upstream.datasets(source)
        ),
    )
