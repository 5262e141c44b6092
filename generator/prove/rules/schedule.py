"""Every run starts after the worst-case end of what it needs: its own last run, and the runs that it collects.

A collecting run pulls the newest backup that has begun by then. That backup's run must be over, and it must not be
the wrong one: where the next run of the same UTC date is nearer than the end of the last, the collection was meant to
come after that next one, and all copies would be a day old. (A backup at 22:00 that is collected at 00:30 is fine.)
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from generator.diagnostics import Diagnostic
from generator.inventory.model import CollectPlan, ReplicaPlan
from generator.plan import Origin
from generator.prove.facts import Facts
from generator.prove.report import ProofReport
from generator.prove.streams import Meeting, Pair, Runs, Stream
from generator.prove.timeline import MINUTES_A_DAY
from generator.prove.wording import HORIZON, finding, spell_duration, spell_moment, spell_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A collection at ``start`` meets the ``run`` that may take until ``end``: still ``running``, or yet to come."""

    start: int
    run: int
    end: int
    running: bool


def check(facts: Facts) -> ProofReport:
    """Codes C0401 (too early), C0402 (before that day's run) and C0403 (runs overlap)."""
    diagnostics: list[Diagnostic] = []
    overlap, judge = cache(_overlap), cache(_judge)
    once: set[str] = set()
    for stream in facts.every_stream:
        found = overlap(stream.runs)
        if found is not None and stream.plan.name not in once:
            once.add(stream.plan.name)
            diagnostics.append(_overlapping(stream, *found))
    slacks: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for pair in facts.every_pair:
        slack, problem = judge(pair.meeting)
        if problem is not None:
            diagnostics.append(_too_early(pair, problem) if problem.running else _before(pair, problem))
        elif slack is not None:
            slacks[_what(facts, pair)].append((slack, pair.plan.name))
    if diagnostics:
        return ProofReport(diagnostics=tuple(diagnostics))
    return ProofReport(proved=tuple(_sentence(what, *min(slacks[what])) for what in PULLED if what in slacks))


# Who pulls, and what must be over by then.
PULLED = {
    "collection": ("every collection", "the backups it collects"),
    "copy": ("every copy of a collection", "the collection that it copies"),
    "replica": ("every replica", "what it replicates"),
}


def _what(facts: Facts, pair: Pair) -> str:
    if isinstance(pair.plan, ReplicaPlan):
        return "replica"
    return "copy" if facts.depth[pair.plan.name] > 1 else "collection"


def _sentence(pulled: str, slack: int, tightest: str) -> str:
    who, what = PULLED[pulled]
    return (
        f"{who} starts at least {spell_duration(slack)} after the worst-case end of {what}, "
        f"in all time zones, {HORIZON} (tightest: {tightest})"
    )


def _overlap(runs: Runs) -> tuple[int, int] | None:
    """The first start whose run may still go on at the next one."""
    for start, following in pairwise(runs.timeline.starts):
        if start + runs.duration >= following:
            return start, following
    return None


def _judge(meeting: Meeting) -> tuple[int | None, Problem | None]:
    """The least slack between a collection and what it collects, or the first collection that has none."""
    upstream = meeting.upstream
    slack: int | None = None
    for start, index in zip(meeting.runs.starts, meeting.newest, strict=True):
        begun = upstream.starts[index]
        end = begun + upstream.duration
        if start <= end:
            return None, Problem(start=start, run=begun, end=end, running=True)
        if index + 1 < len(upstream.starts):
            following = upstream.starts[index + 1]
            if following - start < start - end and following // MINUTES_A_DAY == start // MINUTES_A_DAY:
                return None, Problem(start=start, run=following, end=following + upstream.duration, running=False)
        slack = start - end if slack is None else min(slack, start - end)
    return slack, None


def _overlapping(stream: Stream, start: int, following: int) -> Diagnostic:
    return finding(
        "C0403",
        f"a run of {stream.plan.name} may still go on when the next one is due: begun at "
        f"{spell_moment(start, stream.zone)}, it may take {spell_duration(stream.runs.duration)}, "
        f"and the next is due at {spell_moment(following, stream.zone)}",
        stream.schedule.origin,
        "run it less often, or lower expected_duration, which is also the run's time limit",
        (stream.plan.limits.origin, "the worst-case duration"),
    )


def _too_early(pair: Pair, problem: Problem) -> Diagnostic:
    plan, made, there = pair.plan, pair.upstream, pair.upstream.zone
    return finding(
        "C0401",
        f"{plan.name} starts at {spell_moment(problem.start, pair.stream.zone)}, when the run of {made.plan.name} "
        f"that it {_verb(plan)} may still go on: {spell_names(made.keepers)} begins it at "
        f"{spell_moment(problem.run, there)} and may take until {spell_moment(problem.end, there)}",
        plan.schedule.origin,
        f"start {plan.name} at least {spell_duration(problem.end - problem.start + 1)} later; mind that its node's "
        "clock and the others' may change to summer time on different dates",
        *_labels(made),
    )


def _before(pair: Pair, problem: Problem) -> Diagnostic:
    plan, made, there = pair.plan, pair.upstream, pair.upstream.zone
    return finding(
        "C0402",
        f"{plan.name} starts at {spell_moment(problem.start, pair.stream.zone)}, before that day's run of "
        f"{made.plan.name}, which {spell_names(made.keepers)} begins at {spell_moment(problem.run, there)}: "
        "every copy would be a day old",
        plan.schedule.origin,
        f"start {plan.name} after {spell_moment(problem.end, pair.stream.zone)}, the worst-case end of that run",
        *_labels(made),
    )


def _verb(plan: CollectPlan | ReplicaPlan) -> str:
    return "replicates" if isinstance(plan, ReplicaPlan) else "collects"


def _labels(made: Stream) -> tuple[tuple[Origin, str], ...]:
    return (
        (made.schedule.origin, f"{made.plan.name} starts by this schedule"),
        (made.plan.limits.origin, f"and may take {spell_duration(made.runs.duration)}"),
    )
