"""The runs of one plan as its sources see them, and how the runs of two tiers meet."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from generator.inventory.model import CollectPlan, ProtectPlan, Schedule
from generator.prove.timeline import MINUTES_A_DAY, Timeline, timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Runs of ``plan`` for ``nodes``, in minutes of UTC, ascending.

    ``duration`` is the worst case of one run. ``identifiers`` has for each run the newest identifier that its tree
    holds afterwards, as a day counted from 1970. ``zone`` is that of the cron that starts the runs. All runs before
    ``until`` are there.
    """

    plan: ProtectPlan | CollectPlan
    zone: str
    nodes: tuple[str, ...]
    timeline: Timeline
    starts: tuple[int, ...]
    identifiers: tuple[int, ...]
    duration: int
    until: int

    @property
    def schedule(self) -> Schedule:
        """The schedule of the plan."""
        return self.plan.schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A collecting ``stream``, the ``upstream`` it pulls from, and for each run of the first the index of the newest
    run of the second that has begun by then."""

    plan: CollectPlan
    upstream: Stream
    stream: Stream
    newest: tuple[int, ...]


def protected(plan: ProtectPlan, zone: str, nodes: tuple[str, ...]) -> Stream:
    """The runs of a protecting plan on those of its nodes that live in ``zone``."""
    times = timeline(plan.schedule.cron, zone)
    return Stream(
        plan=plan,
        zone=zone,
        nodes=nodes,
        timeline=times,
        starts=times.starts,
        identifiers=tuple(start // MINUTES_A_DAY for start in times.starts),
        duration=_minutes(plan.limits.duration_seconds),
        until=times.until,
    )


def collected(plan: CollectPlan, zone: str, upstream: Stream, nodes: tuple[str, ...]) -> Pair:
    """The runs of a collecting plan on its node in ``zone``, from the first that finds anything at ``upstream``."""
    times = timeline(plan.schedule.cron, zone)
    met = [(start, bisect_right(upstream.starts, start) - 1) for start in times.starts]
    until = min(times.until, upstream.until)
    met = [(start, index) for start, index in met if index >= 0 and start < until]
    stream = Stream(
        plan=plan,
        zone=zone,
        nodes=nodes,
        timeline=times,
        starts=tuple(start for start, _ in met),
        identifiers=tuple(upstream.identifiers[index] for _, index in met),
        duration=_minutes(plan.limits.duration_seconds),
        until=until,
    )
    return Pair(plan=plan, upstream=upstream, stream=stream, newest=tuple(index for _, index in met))


def _minutes(seconds: int) -> int:
    return -(-seconds // 60)
