"""The stores of a directed plan: they pull what its sources froze, keep it, list it, and let it go."""

from __future__ import annotations

from generator.engines.contribution import Contribution
from generator.engines.directed import names
from generator.engines.directed.phases import source_seconds
from generator.engines.directed.store_holes import number, receiving_holes, source_holes, store_capsule, store_place
from generator.engines.directed.store_upkeep import (
    by_hand,
    expected_scrub,
    listing,
    scrub_capsules,
    scrub_schedule,
)
from generator.engines.schedules import expected_run, longest_interval_seconds
from generator.engines.stores.keepers import Uses
from generator.engines.stores.tree.protect import retention_rules
from generator.inventory.model import DirectedPlan, DirectedStore, Fleet
from generator.plan import Capsule


def contributions(fleet: Fleet, plan: DirectedPlan) -> tuple[Contribution, ...]:
    """What ``plan`` puts on each of its stores."""
    return tuple(
        contribution
        for store in plan.stores
        for contribution in (_store(fleet, plan, store), store_place(fleet, store))
    )


def _store(fleet: Fleet, plan: DirectedPlan, store: DirectedStore) -> Contribution:
    return Contribution(
        node=store.node,
        capsules=_capsules(fleet, plan, store),
        expected_runs=(
            *(expected_run(name, plan.schedule, plan.limits.duration_seconds) for name in _run_names(plan, store)),
            *expected_scrub(plan),
        ),
        schedules=scrub_schedule(fleet, plan),
    )


def _run_names(plan: DirectedPlan, store: DirectedStore) -> tuple[str, ...]:
    pull = names.pull(plan.name)
    return (
        names.commit(plan.name),
        f"health_{plan.name}",
        *(f"{pull}.{source}" for source in store.sources),
    )


def _capsules(fleet: Fleet, plan: DirectedPlan, store: DirectedStore) -> tuple[Capsule, ...]:
    count = len(store.sources)
    sources = tuple(source_holes(fleet, plan, store, source) for source in store.sources)
    return (
        store_capsule(
            fleet,
            plan,
            store,
            uses=Uses.RECEIVE | Uses.HEALTH,
            name=names.pull(plan.name),
            template="pull.sh.j2",
            summary=f"Pulls the snapshots that {count} source{'s'[: count != 1]} took of a moment that it is told.",
            sources=sources,
            parallel=number(plan.limits.parallel),
            interval_seconds=number(longest_interval_seconds(plan.schedule.cron)),
            **receiving_holes(fleet, plan, store, source_seconds(plan, store)),
        ),
        store_capsule(
            fleet,
            plan,
            store,
            uses=Uses.PUBLISH | Uses.HEALTH,
            name=names.commit(plan.name),
            template="commit.sh.j2",
            summary="Publishes what was pulled of a moment that it is told, and prunes.",
            interval_seconds=number(longest_interval_seconds(plan.schedule.cron)),
            retention=retention_rules(plan.retention),
            sources=sources,
        ),
        listing(fleet, plan, store),
        *by_hand(fleet, plan, store),
        *scrub_capsules(fleet, plan, store, sources),
    )
