"""A source's maximum age fits the schedules: it neither alarms when all is well, nor sleeps when runs are missed.

The age of a source is counted from the end (midnight UTC) of the newest identifier's day to the end of the collecting
run, in the worst case. A collection that finds nothing new is an alarm too, unless its newest backup is today's or an
earlier run of the same UTC date has collected already.
"""

from __future__ import annotations

from operator import itemgetter

from generator.diagnostics import Diagnostic, Severity
from generator.inventory.model import CollectPlan
from generator.prove.facts import Facts
from generator.prove.report import ProofReport
from generator.prove.streams import Pair, Stream
from generator.prove.timeline import MINUTES_A_DAY
from generator.prove.wording import finding, spell_date, spell_duration, spell_moment, spell_names

MISSED_RUNS = 3  # the first missed one is said by the run that finds nothing new; the age must confirm it soon


def check(facts: Facts) -> ProofReport:
    """Codes C0421 (alarms though all is well), C0422 (too long to notice), C0423 (collects when nothing is new)."""
    diagnostics: list[Diagnostic] = []
    fitting: set[str] = set()
    # What a plan's identifiers lack is said once, not again by every plan that collects them.
    troubled = {stream.plan.name for stream in facts.streams.values() if _repeats(stream)}
    for pair in facts.pairs:
        if pair.upstream.plan.name in troubled:
            troubled.add(pair.plan.name)
            continue
        found = [problem for problem in (_idle(pair) or _early_alarm(pair) or _late_alarm(pair),) if problem]
        diagnostics += found
        (troubled if found else fitting).add(pair.plan.name)
    if diagnostics or troubled or not fitting:
        return ProofReport(diagnostics=tuple(diagnostics))
    return ProofReport(
        proved=(
            f"no maximum age alarms while all runs succeed, and each does within {MISSED_RUNS} missed runs "
            f"({spell_names(sorted(fitting))})",
        )
    )


def _idle(pair: Pair) -> Diagnostic | None:
    stream = pair.stream
    for index in range(1, len(stream.starts)):
        newest, today = stream.identifiers[index], stream.starts[index] // MINUTES_A_DAY
        again = stream.starts[index - 1] // MINUTES_A_DAY == today
        if newest == stream.identifiers[index - 1] and newest != today and not again:
            return finding(
                "C0423",
                f"{pair.plan.name} finds nothing new at {spell_moment(stream.starts[index], stream.zone)}: "
                f"its run at {spell_moment(stream.starts[index - 1], stream.zone)} already has "
                f"{spell_date(newest)}, and a collection without anything new is an alarm",
                stream.schedule.origin,
                f"run {pair.plan.name} no more often than {pair.upstream.plan.name}",
                (pair.upstream.schedule.origin, f"{pair.upstream.plan.name} makes backups by this schedule"),
            )
    return None


def _ages(pair: Pair, missed: int) -> list[tuple[int, int]]:
    """(age, start) at the worst-case end of each run whose upstream's last ``missed`` runs did not happen."""
    found = []
    for start, index in zip(pair.stream.starts, pair.newest, strict=True):
        if index >= missed:
            day_end = (pair.upstream.identifiers[index - missed] + 1) * MINUTES_A_DAY
            found.append((start + pair.stream.duration - day_end, start))
    return found


def _early_alarm(pair: Pair) -> Diagnostic | None:
    oldest, start = max(_ages(pair, 0), key=itemgetter(0), default=(0, 0))
    if oldest <= _limit(pair.plan):
        return None
    return finding(
        "C0421",
        f"{pair.plan.name} would call its sources stale though all is well: when the run of "
        f"{spell_moment(start, pair.stream.zone)} ends, the newest backup of {spell_names(pair.stream.nodes)} is "
        f"{spell_duration(oldest)} old, and maximum_age is {spell_duration(_limit(pair.plan))}",
        pair.plan.origin,
        f"set maximum_age of {pair.plan.name} to more than {spell_duration(oldest)}",
        (pair.upstream.schedule.origin, f"{pair.upstream.plan.name} makes backups by this schedule"),
    )


def _late_alarm(pair: Pair) -> Diagnostic | None:
    oldest, start = max(_ages(pair, MISSED_RUNS), key=itemgetter(0), default=(_limit(pair.plan) + 1, 0))
    if oldest > _limit(pair.plan):
        return None
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


def _repeats(stream: Stream) -> bool:
    return len(set(stream.identifiers)) != len(stream.identifiers)


def _limit(plan: CollectPlan) -> int:
    return plan.maximum_age_seconds // 60
