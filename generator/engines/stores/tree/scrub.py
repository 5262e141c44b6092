"""Scrubbing: a scheduled capsule reads every backup of a plan again and compares it with its manifest."""

from __future__ import annotations

from dataclasses import dataclass

from generator.engines.capsules import capsule_path, make_capsule, own_writes
from generator.engines.contribution import Contribution
from generator.engines.schedules import expected_run, longest_interval_seconds
from generator.engines.stores.tree import topology
from generator.inventory.model import CollectPlan, Fleet, Ownership, ProtectPlan, Schedule
from generator.plan import CronEntry, Needs, holes
from generator.quoting import ShellWord


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubbedTree:
    """A tree at ``path``, guarded by the tree lock ``lock``, read as the account with number ``account``."""

    lock: str
    path: str
    account: int


def scrub_local(fleet: Fleet, plan: ProtectPlan, node: str) -> tuple[Contribution, ...]:
    """The scrub of the tree that ``plan`` keeps on ``node``, nothing if the plan asks for none."""
    if plan.scrub is None:
        return ()
    return (_scrub(fleet, plan, plan.scrub, node, (ScrubbedTree(lock=plan.name, path=plan.path, account=0),)),)


def scrub_collected(fleet: Fleet, plan: CollectPlan) -> tuple[Contribution, ...]:
    """The scrub of every source's tree that ``plan`` keeps, nothing if the plan asks for none."""
    if plan.scrub is None:
        return ()
    trees = tuple(
        ScrubbedTree(
            lock=f"{plan.name}_{source}",
            path=topology.tree_path(plan, source),
            account=topology.account_number(fleet, plan, source),
        )
        for source in plan.sources
    )
    return (_scrub(fleet, plan, plan.scrub, plan.node, trees),)


def _scrub(
    fleet: Fleet, plan: ProtectPlan | CollectPlan, schedule: Schedule, node: str, trees: tuple[ScrubbedTree, ...]
) -> Contribution:
    name = f"scrub_{plan.name}"
    interval = longest_interval_seconds(schedule.cron)
    # a scrub reads everything there is: it gets the time until its next turn, less an hour
    duration = interval - 3600
    capsule = make_capsule(
        fleet,
        fleet.node(node),
        name=name,
        template="scrub.sh.j2",
        summary=f"Reads every complete backup of plan {plan.name} again and compares it with its manifest.",
        origin=plan.origin,
        plan=ShellWord.of(plan.name),
        fake_super=isinstance(plan, CollectPlan) and plan.ownership is Ownership.FAKE_SUPER,
        duration_seconds=ShellWord.of(str(duration)),
        interval_seconds=ShellWord.of(str(interval)),
        trees=tuple(
            holes(lock=ShellWord.of(tree.lock), path=ShellWord.of(tree.path), account=ShellWord.of(str(tree.account)))
            for tree in trees
        ),
    )
    return Contribution(
        node=node,
        capsules=(capsule,),
        schedules=(
            CronEntry(
                schedule=schedule.cron,
                capsule_path=capsule_path(fleet, name),
                origin=schedule.origin,
                needs=_needs(fleet, plan, duration),
            ),
        ),
        packages=("attr", "util-linux"),
        expected_runs=(expected_run(name, schedule, duration),),
    )


def _needs(fleet: Fleet, plan: ProtectPlan | CollectPlan, seconds: int) -> Needs:
    """A damaged backup is marked where it lies, so the store is written to."""
    return Needs(
        seconds=seconds,
        writes=(*own_writes(fleet), plan.path),
        controls=False,
        reads_everything=False,
        any_file=False,
        network=bool(fleet.health_check_url),
    )
