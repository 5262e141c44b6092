"""Sealed senders: what a node offers over the network, one tree a capsule, read-only."""

from __future__ import annotations

from generator.engines.capsules import make_capsule
from generator.engines.schedules import SECONDS_OF_A_DAY
from generator.engines.stores.tree import topology
from generator.inventory.model import CollectPlan, Fleet, Ownership, ProtectPlan
from generator.plan import Capsule
from generator.quoting import RsyncdValue, ShellWord


def local_sender(fleet: Fleet, plan: ProtectPlan, source: str) -> Capsule:
    """The capsule by which ``source`` offers the backups that ``plan`` makes on it."""
    return make_capsule(
        fleet,
        fleet.node(source),
        name=topology.local_sender_name(plan),
        template="send.sh.j2",
        summary=f"Sends the backups of plan {plan.name} to whoever holds the key, read-only.",
        origin=plan.origin,
        path=RsyncdValue.of(plan.path),
        account=RsyncdValue.of("0"),
        fake_super=False,
        tree_lock=ShellWord.of(plan.name),
        duration_seconds=ShellWord.of(str(_longest_pull(fleet, plan.name))),
    )


def collected_sender(fleet: Fleet, plan: CollectPlan, source: str) -> Capsule:
    """The capsule by which the node of ``plan`` offers what it holds of ``source``, and nothing else."""
    return make_capsule(
        fleet,
        fleet.node(plan.node),
        name=topology.collected_sender_name(plan, source),
        template="send.sh.j2",
        summary=f"Sends the backups of {source} that plan {plan.name} holds to whoever holds the key, read-only.",
        origin=plan.origin,
        path=RsyncdValue.of(topology.tree_path(plan, source)),
        account=RsyncdValue.of(str(topology.account_number(fleet, plan, source))),
        fake_super=plan.ownership is Ownership.FAKE_SUPER,
        tree_lock=ShellWord.of(f"{plan.name}_{source}"),
        duration_seconds=ShellWord.of(str(_longest_pull(fleet, plan.name))),
    )


def _longest_pull(fleet: Fleet, name: str) -> int:
    """Seconds that anybody may need to pull from the plan called ``name``; a restore may take a whole day."""
    pulling = (other.limits.duration_seconds for other in fleet.pullers(name))
    return max((SECONDS_OF_A_DAY, *pulling))
