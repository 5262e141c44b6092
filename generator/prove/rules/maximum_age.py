"""A source's maximum age fits the schedules: it neither alarms when all is well, nor sleeps when runs are missed.

The age of a source is counted from the end (midnight UTC) of the newest identifier's day to the end of the collecting
run, in the worst case; that of a replica from the moment that its newest identifier says. A collection that finds
nothing new is an alarm too, unless its newest backup is today's or an earlier run of the same UTC date has collected
already.
"""

from __future__ import annotations

from functools import cache

from generator.diagnostics import Diagnostic, Severity
from generator.inventory.model import CollectPlan, ReplicaPlan
from generator.prove.facts import Facts
from generator.prove.report import ProofReport
from generator.prove.streams import Meeting, Pair, Runs
from generator.prove.timeline import MINUTES_A_DAY
from generator.prove.wording import finding, spell_date, spell_duration, spell_moment, spell_names

MISSED_RUNS = 3  # the first missed one is said by the run that finds nothing new; the age must confirm it soon


def check(facts: Facts) -> ProofReport:
    """Codes C0421 (alarms though all is well), C0422 (too long to notice), C0423 (collects when nothing is new)."""
    diagnostics: list[Diagnostic] = []
    fitting: set[str] = set()
    # What a plan's identifiers lack is said once, not again by every plan that collects them.
    troubled = {stream.plan.name for stream in facts.streams.values() if _repeats(stream.runs)}
    idle_run, oldest = cache(_idle_run), cache(_oldest)
    for pair in facts.pairs:
        if pair.upstream.plan.name in troubled:
            troubled.add(pair.plan.name)
            continue
        problem = (
            _idle(pair, idle_run(pair.meeting))
            or _early_alarm(pair, oldest(pair.meeting, 0))
            or _late_alarm(pair, oldest(pair.meeting, MISSED_RUNS))
        )
        diagnostics += [problem] if problem else []
        (troubled if problem else fitting).add(pair.plan.name)
    for copy in facts.copies:
        problem = _early_alarm(copy, _oldest_moment(copy.meeting, 0)) or _late_alarm(
            copy, _oldest_moment(copy.meeting, MISSED_RUNS)
        )
        diagnostics += [problem] if problem else []
        (troubled if problem else fitting).add(copy.plan.name)
    if diagnostics or troubled or not fitting:
        return ProofReport(diagnostics=tuple(diagnostics))
    return ProofReport(
        proved=(
            f"no maximum age alarms while all runs succeed, and each does within {MISSED_RUNS} missed runs "
            f"({spell_names(sorted(fitting))})",
        )
    )


def _idle_run(meeting: Meeting) -> int | None:
    """The index of the first run that finds nothing new and would say so."""
    runs = meeting.runs
    for index in range(1, len(runs.starts)):
        newest, today = runs.identifiers[index], runs.starts[index] // MINUTES_A_DAY
        again = runs.starts[index - 1] // MINUTES_A_DAY == today
        if newest == runs.identifiers[index - 1] and newest != today and not again:
            return index
    return None


def _oldest(meeting: Meeting, missed: int) -> tuple[int, int] | None:
    """(age, start) of the run whose newest backup is oldest at its end, were the last ``missed`` ones not made."""
    worst: tuple[int, int] | None = None
    for start, index in zip(meeting.runs.starts, meeting.newest, strict=True):
        if index >= missed:
            day_end = (meeting.upstream.identifiers[index - missed] + 1) * MINUTES_A_DAY
            age = start + meeting.runs.duration - day_end
            if worst is None or age > worst[0]:
                worst = (age, start)
    return worst


def _oldest_moment(meeting: Meeting, missed: int) -> tuple[int, int] | None:
    """The same of replicas, whose backups are as old as the moment that they hold."""
    ages = (
        (start + meeting.runs.duration - meeting.upstream.starts[index - missed], start)
        for start, index in zip(meeting.runs.starts, meeting.newest, strict=True)
        if index >= missed
    )
    return max(ages, key=lambda found: found[0], default=None)


def _idle(pair: Pair, index: int | None) -> Diagnostic | None:
    if index is None:
        return None
    runs, zone = pair.meeting.runs, pair.stream.zone
    return finding(
        "C0423",
        f"{pair.plan.name} finds nothing new at {spell_moment(runs.starts[index], zone)}: its run at "
        f"{spell_moment(runs.starts[index - 1], zone)} already has {spell_date(runs.identifiers[index])}, "
        "and a collection without anything new is an alarm",
        pair.stream.schedule.origin,
        f"run {pair.plan.name} no more often than {pair.upstream.plan.name}",
        (pair.upstream.schedule.origin, f"{pair.upstream.plan.name} makes backups by this schedule"),
    )


def _early_alarm(pair: Pair, worst: tuple[int, int] | None) -> Diagnostic | None:
    if worst is None or worst[0] <= _limit(pair.plan):
        return None
    oldest, start = worst
    return finding(
        "C0421",
        f"{pair.plan.name} would call its sources stale though all is well: when the run of "
        f"{spell_moment(start, pair.stream.zone)} ends, the newest backup of {spell_names(pair.stream.nodes)} is "
        f"{spell_duration(oldest)} old, and maximum_age is {spell_duration(_limit(pair.plan))}",
        pair.plan.origin,
        f"set maximum_age of {pair.plan.name} to more than {spell_duration(oldest)}",
        (pair.upstream.schedule.origin, f"{pair.upstream.plan.name} makes backups by this schedule"),
    )


def _late_alarm(pair: Pair, worst: tuple[int, int] | None) -> Diagnostic | None:
    if worst is None or worst[0] > _limit(pair.plan):
        return None
    oldest, start = worst
    return finding(
        "C0422",
        f"{pair.plan.name} would not call a source stale after {MISSED_RUNS} missed "
        f"runs of {pair.upstream.plan.name}: "
        f"at {spell_moment(start, pair.stream.zone)} its newest backup would be "
        f"{spell_duration(max(oldest, 0))} old, "
        f"and maximum_age is {spell_duration(_limit(pair.plan))}",
        pair.plan.origin,
        f"lower maximum_age of {pair.plan.name}",
        severity=Severity.WARNING,
    )


def _repeats(runs: Runs) -> bool:
    return len(set(runs.identifiers)) != len(runs.identifiers)


def _limit(plan: CollectPlan | ReplicaPlan) -> int:
    return plan.maximum_age_seconds // 60
