"""How long each phase of a directed run may take: together no more than the plan's time."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from generator.inventory.model import DirectedPlan, DirectedStore

UNPAUSE_SECONDS = 90
READY_SECONDS = 60  # connecting, and writing what waits to be written
ANSWER_SECONDS = 10  # how much longer than the director a node waits for its word
PREPARE_SECONDS = 600  # where nothing stands still meanwhile
SHORTEST_SECONDS = 5
SHORTEST_SOURCE_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """Limits in seconds; pulling gets what is ``left``: below 0 where the plan is too short for the others."""

    ready: int
    pause: int
    prepare: int
    unpause: int
    left: int
    commit: int
    remove: int

    @property
    def pull(self) -> int:
        """What is ``left``, raised to what no source can do without."""
        return max(SHORTEST_SOURCE_SECONDS, self.left)


def phases(plan: DirectedPlan) -> Phases:
    """The limits that the director of ``plan`` sets for its calls."""
    whole, lease = plan.limits.duration_seconds, plan.lease.deadline_seconds
    share = max(SHORTEST_SECONDS, whole // 8)
    prepare, unpause = min(PREPARE_SECONDS, share), min(UNPAUSE_SECONDS, share)
    commit, remove = min(3600, share), min(600, share)
    ready = min(READY_SECONDS, share)
    return Phases(
        ready=ready,
        pause=max(SHORTEST_SECONDS, lease // 2),
        prepare=prepare,
        unpause=unpause,
        left=whole - ready - lease - prepare - 2 * unpause - commit - remove,
        commit=commit,
        remove=remove,
    )


def pause_wait(plan: DirectedPlan) -> int:
    """For how many seconds a node that is ready waits for the order to stand still."""
    return phases(plan).ready + ANSWER_SECONDS


def unpause_wait(plan: DirectedPlan) -> int:
    """The same for what is ordered while all stand still: as long as any pause may last."""
    return pause_wait(plan) + plan.lease.deadline_seconds


def source_seconds(plan: DirectedPlan, store: DirectedStore) -> int:
    """What one source of ``store`` may take, in seconds.

    As many as run at once share the time for which the director waits, less some to settle: a slow or hostile source
    takes nobody else's, and never makes the director give up the store.
    """
    return max(SHORTEST_SOURCE_SECONDS, source_share(plan, store))


def source_share(plan: DirectedPlan, store: DirectedStore) -> int:
    """The same before it is raised to what no source can do without: the proof that there is enough needs it."""
    left = phases(plan).left
    waves = max(1, ceil(len(store.sources) / plan.limits.parallel))
    return (left - min(60, left // 8)) // waves
