"""The runs of one plan as its sources see them, and how the runs of two tiers meet.

`Runs` and `Meeting` hold the numbers and are shared by all plans that run alike; they are equal only to themselves,
so a rule can judge each once (``functools.cache``) however many plans there are. `Stream` and `Pair` add the names.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import assert_never

from generator.inventory.model import CollectPlan, DirectedPlan, ProtectPlan, ReplicaPlan, Schedule
from generator.prove.timeline import MINUTES_A_DAY, Timeline, timeline


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """Runs in minutes of UTC, ascending, all there are before ``until``.

    ``duration`` is the worst case of one run. ``identifiers`` has for each run the newest identifier that its tree
    holds afterwards, as a day counted from 1970.
    """

    timeline: Timeline
    starts: tuple[int, ...]
    identifiers: tuple[int, ...]
    duration: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Meeting:
    """Collecting ``runs``, the ``upstream`` runs, and for each of the first the index of the ``newest`` of the second
    that has begun by then."""

    upstream: Runs
    runs: Runs
    newest: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """The ``runs`` of ``plan`` for ``nodes``; ``zone`` is that of the cron that starts them."""

    plan: ProtectPlan | CollectPlan | DirectedPlan | ReplicaPlan
    zone: str
    nodes: tuple[str, ...]
    runs: Runs

    @property
    def schedule(self) -> Schedule:
        """The schedule of the plan."""
        return self.plan.schedule

    @property
    def keepers(self) -> tuple[str, ...]:
        """The nodes on which the plan runs."""
        match self.plan:
            case ProtectPlan():
                return self.nodes
            case CollectPlan():
                return (self.plan.node,)
            case DirectedPlan():
                return (self.plan.director,)
            case ReplicaPlan():
                return (self.plan.store.node,)
            case _:
                assert_never(self.plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A collecting or replicating ``stream`` and the ``upstream`` that it pulls from."""

    plan: CollectPlan | ReplicaPlan
    upstream: Stream
    stream: Stream
    meeting: Meeting


def protected(cron: str, zone: str, duration_seconds: int) -> Runs:
    """The runs of a protecting plan on nodes in ``zone``: each makes the identifier of its own UTC date.

    Also those of a plan that directs, whose identifiers begin with that date.
    """
    times = timeline(cron, zone)
    return Runs(
        timeline=times,
        starts=times.starts,
        identifiers=tuple(start // MINUTES_A_DAY for start in times.starts),
        duration=_minutes(duration_seconds),
        until=times.until,
    )


def collected(cron: str, zone: str, duration_seconds: int, upstream: Runs) -> Meeting:
    """The runs of a plan that pulls on a node in ``zone``, from the first that finds anything at ``upstream``."""
    times = timeline(cron, zone)
    until = min(times.until, upstream.until)
    met = [(start, bisect_right(upstream.starts, start) - 1) for start in times.starts if start < until]
    met = [(start, index) for start, index in met if index >= 0]
    runs = Runs(
        timeline=times,
        starts=tuple(start for start, _ in met),
        identifiers=tuple(upstream.identifiers[index] for _, index in met),
        duration=_minutes(duration_seconds),
        until=until,
    )
    return Meeting(upstream=upstream, runs=runs, newest=tuple(index for _, index in met))


def _minutes(seconds: int) -> int:
    return -(-seconds // 60)
