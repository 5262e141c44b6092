"""Every run starts after the worst-case end of what it needs: its own last run, and the runs that it collects.

A collecting run pulls the newest backup that has begun by then. That backup's run must be over, and it must not be
the wrong one: where the next run of the same UTC date is nearer than the end of the last, the collection was meant to
come after that next one, and all copies would be a day old. (A backup at 22:00 that is collected at 00:30 is fine.)
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from generator.diagnostics import Diagnostic
from generator.prove.facts import Facts
from generator.prove.report import ProofReport
from generator.prove.streams import Pair, Stream
from generator.prove.timeline import MINUTES_A_DAY
from generator.prove.wording import HORIZON, finding, spell_duration, spell_moment, spell_names


def check(facts: Facts) -> ProofReport:
    """Codes C0401 (too early), C0402 (before that day's run) and C0403 (runs overlap)."""
    diagnostics: list[Diagnostic] = []
    once: set[str] = set()
    for stream in (*facts.streams.values(), *(pair.stream for pair in facts.pairs)):
        if stream.plan.name not in once:
            found = _alone(stream)
            once.update(stream.plan.name for _ in found)
            diagnostics += found
    slacks: dict[bool, list[tuple[int, str]]] = defaultdict(list)
    for pair in facts.pairs:
        slack, problems = _together(pair)
        diagnostics += problems
        if slack is not None:
            slacks[facts.depth[pair.plan.name] > 1].append((slack, pair.plan.name))
    if diagnostics:
        return ProofReport(diagnostics=tuple(diagnostics))
    return ProofReport(proved=tuple(_sentence(further, *min(found)) for further, found in sorted(slacks.items())))


def _sentence(further: bool, slack: int, tightest: str) -> str:
    who = "every copy of a collection" if further else "every collection"
    what = "collection that it copies" if further else "backups it collects"
    return (
        f"{who} starts at least {spell_duration(slack)} after the worst-case end of the {what}, "
        f"in all time zones, {HORIZON} (tightest: {tightest})"
    )


def _alone(stream: Stream) -> list[Diagnostic]:
    """A run that may still go on when the plan's next one is due."""
    for start, following in pairwise(stream.timeline.starts):
        if start + stream.duration >= following:
            return [
                finding(
                    "C0403",
                    f"a run of {stream.plan.name} may still go on when the next one is due: begun at "
                    f"{spell_moment(start, stream.zone)}, it may take {spell_duration(stream.duration)}, "
                    f"and the next is due at {spell_moment(following, stream.zone)}",
                    stream.schedule.origin,
                    "run it less often, or lower expected_duration, which is also the run's time limit",
                    (stream.plan.limits.origin, "the worst-case duration"),
                )
            ]
    return []


def _together(pair: Pair) -> tuple[int | None, list[Diagnostic]]:
    """The least slack between a collection and what it collects, or the first collection that has none."""
    upstream = pair.upstream
    slack: int | None = None
    for start, index in zip(pair.stream.starts, pair.newest, strict=True):
        end = upstream.starts[index] + upstream.duration
        if start <= end:
            return None, [_too_early(pair, start, upstream.starts[index], end)]
        if index + 1 < len(upstream.starts):
            following = upstream.starts[index + 1]
            if following - start < start - end and following // MINUTES_A_DAY == start // MINUTES_A_DAY:
                return None, [_before(pair, start, following)]
        slack = start - end if slack is None else min(slack, start - end)
    return slack, []


def _too_early(pair: Pair, start: int, begun: int, end: int) -> Diagnostic:
    upstream = pair.upstream
    return finding(
        "C0401",
        f"{pair.plan.name} starts at {spell_moment(start, pair.stream.zone)}, when the run of {upstream.plan.name} "
        f"that it collects may still go on: {_whose(pair)} begins it at {spell_moment(begun, upstream.zone)} and may "
        f"take until {spell_moment(end, upstream.zone)}",
        pair.stream.schedule.origin,
        f"start {pair.plan.name} at least {spell_duration(end - start + 1)} later; mind that its node's clock and "
        "the others' may change to summer time on different dates",
        (upstream.schedule.origin, f"{upstream.plan.name} starts by this schedule"),
        (upstream.plan.limits.origin, f"and may take {spell_duration(upstream.duration)}"),
    )


def _before(pair: Pair, start: int, following: int) -> Diagnostic:
    upstream = pair.upstream
    return finding(
        "C0402",
        f"{pair.plan.name} starts at {spell_moment(start, pair.stream.zone)}, before that day's run of "
        f"{upstream.plan.name}, which {_whose(pair)} begins at {spell_moment(following, upstream.zone)}: "
        "every copy would be a day old",
        pair.stream.schedule.origin,
        f"start {pair.plan.name} after {spell_moment(following + upstream.duration, upstream.zone)}, "
        f"the worst-case end of that run",
        (upstream.schedule.origin, f"{upstream.plan.name} starts by this schedule"),
        (upstream.plan.limits.origin, f"and may take {spell_duration(upstream.duration)}"),
    )


def _whose(pair: Pair) -> str:
    plan = pair.upstream.plan
    return spell_names(pair.upstream.nodes) if hasattr(plan, "nodes") else spell_names((plan.node,))
