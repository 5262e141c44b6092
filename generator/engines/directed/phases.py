"""How long each phase of a directed run may take: together no more than the plan's time."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from generator.inventory.model import DirectedPlan, DirectedStore

UNPAUSE_SECONDS = 90
PREPARE_SECONDS = 600  # where nothing stands still meanwhile
SHORTEST_SECONDS = 5
SHORTEST_SOURCE_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """Limits in seconds; pulling gets what the others leave."""

    pause: int
    prepare: int
    unpause: int
    pull: int
    commit: int
    remove: int


def phases(plan: DirectedPlan) -> Phases:
    """The limits that the director of ``plan`` sets for its calls."""
    share = max(SHORTEST_SECONDS, plan.limits.duration_seconds // 8)
    return Phases(
        pause=max(SHORTEST_SECONDS, plan.lease.deadline_seconds // 2),
        prepare=min(PREPARE_SECONDS, share),
        unpause=min(UNPAUSE_SECONDS, share),
        pull=max(SHORTEST_SOURCE_SECONDS, _left_for_pulling(plan)),
        commit=min(3600, share),
        remove=min(600, share),
    )


def _left_for_pulling(plan: DirectedPlan) -> int:
    """What the other phases leave of the plan's time, in seconds; below 0 where it is too short for them."""
    whole = plan.limits.duration_seconds
    share = max(SHORTEST_SECONDS, whole // 8)
    pausing = plan.lease.deadline_seconds + min(PREPARE_SECONDS, share) + 2 * min(UNPAUSE_SECONDS, share)
    return whole - pausing - min(3600, share) - min(600, share)


def source_seconds(plan: DirectedPlan, store: DirectedStore) -> int:
    """What one source of ``store`` may take, in seconds.

    As many as run at once share the time for which the director waits, less some to settle: a slow or hostile source
    takes nobody else's, and never makes the director give up the store.
    """
    return max(SHORTEST_SOURCE_SECONDS, source_share(plan, store))


def source_share(plan: DirectedPlan, store: DirectedStore) -> int:
    """The same before it is raised to what no source can do without: the proof that there is enough needs it."""
    pull = _left_for_pulling(plan)
    waves = max(1, ceil(len(store.sources) / plan.limits.parallel))
    return (pull - min(60, pull // 8)) // waves
