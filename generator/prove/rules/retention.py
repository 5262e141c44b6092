"""Backups live long enough to be pulled by the next tier; and how many restore points each tier keeps.

Only ``days``, ``last`` and ``keep_minimum`` count here: weekly, monthly and yearly rules keep some backups longer,
but not the one that the next tier needs next. ``days`` counts dates, today's included.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from functools import cache

from generator.diagnostics import Diagnostic
from generator.inventory.model import Retention
from generator.prove.facts import Facts
from generator.prove.report import ProofReport
from generator.prove.streams import Meeting, Pair, Runs
from generator.prove.timeline import MINUTES_A_DAY
from generator.prove.wording import count, finding, spell_date, spell_moment, spell_names


def check(facts: Facts) -> ProofReport:
    """Code C0436: a backup may be pruned before the next tier has pulled it."""
    lost = cache(_lost)
    diagnostics = [
        _diagnostic(pair, *found)
        for pair in facts.every_pair
        if (found := lost(pair.meeting, *_rules(pair.upstream.plan.retention))) is not None
    ]
    if diagnostics:
        return ProofReport(diagnostics=tuple(diagnostics))
    sentences = ["every backup is kept until the worst-case end of the run that pulls it"] if facts.every_pair else []
    return ProofReport(proved=(*sentences, *_restore_points(facts)))


def _rules(retention: Retention) -> tuple[int, int]:
    """For how many days, and how many backups, pruning leaves every backup alone; the newest always stays."""
    return retention.days or 0, max(retention.last or 0, retention.keep_minimum, 1)


def _lost(meeting: Meeting, days: int, floor: int) -> tuple[int, int] | None:
    """(date, end of the run) of the first backup that a run may not find any more, though no earlier one had it."""
    upstream = meeting.upstream
    pulled = meeting.newest[0] + 1 if meeting.newest else 0  # index of the first backup that nothing has pulled yet
    for start, index in zip(meeting.runs.starts[1:], meeting.newest[1:], strict=True):
        end = start + meeting.runs.duration
        if pulled <= index:
            oldest = upstream.identifiers[pulled]
            newer = bisect_right(upstream.starts, end) - 1 - pulled
            if end // MINUTES_A_DAY - oldest >= days and newer >= floor:
                return oldest, end
        pulled = index + 1
    return None


def _diagnostic(pair: Pair, day: int, end: int) -> Diagnostic:
    upstream = pair.upstream
    return finding(
        "C0436",
        f"{pair.plan.name} may lose backups: {spell_date(day)} may be pruned by {upstream.plan.name} before the run "
        f"of {pair.plan.name} that pulls it has ended, at {spell_moment(end, pair.stream.zone)} in the worst case",
        upstream.plan.retention.origin,
        f"let {upstream.plan.name} keep more days, or run {pair.plan.name} more often",
        (pair.stream.schedule.origin, f"{pair.plan.name} pulls by this schedule"),
    )


def _restore_points(facts: Facts) -> list[str]:
    grouped: dict[tuple[int, int, str], set[str]] = defaultdict(set)
    points = cache(_points)
    for stream in facts.every_stream:
        retention = stream.plan.retention
        kept = points(stream.runs, *_rules(retention))
        grouped[facts.depth[stream.plan.name], kept, _longer(retention)].add(stream.plan.name)
    return [
        f"{spell_names(sorted(names))} {'keeps' if len(names) == 1 else 'keep'} at least "
        f"{count(kept, 'restore point')} of every dataset{longer}"
        for (_, kept, longer), names in sorted(grouped.items())
    ]


def _points(runs: Runs, days: int, floor: int) -> int:
    """The fewest recent backups that the rules keep once the plan has run for as long as they look back."""
    if not days:
        return floor
    dates = sorted(set(runs.identifiers))
    settled = bisect_left(dates, dates[0] + days - 1) if dates else 0
    counts = (at + 1 - bisect_right(dates, dates[at] - days) for at in range(settled, len(dates)))
    return max(floor, min(counts, default=0))


def _longer(retention: Retention) -> str:
    kept = ((retention.weekly, "week"), (retention.monthly, "month"), (retention.yearly, "year"))
    rules = [count(number, noun) for number, noun in kept if number]
    return f", and the newest of each of {' and '.join(rules)}" if rules else ""
