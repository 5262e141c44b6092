"""A tree plan has one identifier, the UTC date, a run: schedules must give each run its own date, and skip none.

Plans that direct have the second of UTC in their identifiers, and cron starts nothing twice in a minute: no two of
their runs have one identifier, and later ones are greater, whatever clocks do.

Only schedules restricted to weekdays, days or months may leave dates out. A local time that summer time skips or
repeats is a warning even where all dates come out right: the run then starts at another time than the one written.
So is a start within ten minutes before midnight UTC: after a jump of the clock cron sleeps ten seconds between the
minutes it makes up for, up to ten minutes an hour, and a run delayed past midnight takes the next day's date, which
that day's own run then finds taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from generator.diagnostics import Diagnostic, Severity
from generator.prove.facts import Facts
from generator.prove.report import ProofReport
from generator.prove.streams import Stream
from generator.prove.timeline import MINUTES_A_DAY, segments, utc
from generator.prove.wording import HORIZON, finding, spell_date, spell_moment, spell_names, spell_wall

MIDNIGHT_MARGIN = 10


def check(facts: Facts) -> ProofReport:
    """Codes C0411 (date twice), C0412 (date skipped), C0413 (hour of summer time), C0414 (just before midnight)."""
    diagnostics: list[Diagnostic] = []
    for stream in facts.streams.values():
        diagnostics += _dates(stream)
    seen: set[tuple[str, str]] = set()
    for stream in facts.every_stream:
        if (stream.plan.name, stream.zone) not in seen:
            seen.add((stream.plan.name, stream.zone))
            diagnostics += _summer_time(stream)
    for stream in facts.streams.values():
        diagnostics += _midnight(stream)
    if any(finding.severity is Severity.ERROR for finding in diagnostics):
        return ProofReport(diagnostics=tuple(diagnostics))
    dated = (f"every backup has a UTC date of its own, and no daily one skips a date, {HORIZON}",)
    return ProofReport(
        diagnostics=tuple(diagnostics), proved=(*(dated if facts.streams else ()), *_moments_apart(facts))
    )


def _moments_apart(facts: Facts) -> Iterator[str]:
    """Cron starts what a jump of the clock skipped all at once, so a schedule of several runs an hour may not be."""
    apart = [
        name
        for name, stream in sorted(facts.moments.items())
        if all(before < after for before, after in pairwise(stream.runs.starts))
    ]
    if apart:
        yield f"no two runs of {spell_names(apart)} begin in one second of UTC, {HORIZON}"


def _dates(stream: Stream) -> list[Diagnostic]:
    zone = stream.zone
    for index in range(1, len(stream.runs.starts)):
        before, day = stream.runs.identifiers[index - 1], stream.runs.identifiers[index]
        if day == before:
            return [
                finding(
                    "C0411",
                    f"two runs of {stream.plan.name} on {spell_names(stream.nodes)} would be called "
                    f"{spell_date(day)}: {spell_moment(stream.runs.starts[index - 1], zone)} and "
                    f"{spell_moment(stream.runs.starts[index], zone)}",
                    stream.schedule.origin,
                    f"a tree keeps one backup for each UTC date: run the plan once a day{_outside(zone)}",
                )
            ]
        if stream.runs.timeline.every_day and day > before + 1:
            return [
                finding(
                    "C0412",
                    f"no run of {stream.plan.name} on {spell_names(stream.nodes)} would be called "
                    f"{spell_date(before + 1)}: {spell_moment(stream.runs.starts[index - 1], zone)} is followed by "
                    f"{spell_moment(stream.runs.starts[index], zone)}",
                    stream.schedule.origin,
                    f"run the plan once a day{_outside(zone)}",
                )
            ]
    return []


def _outside(zone: str) -> str:
    """The local times to keep away from: midnight UTC is one of them in summer, another in winter."""
    offsets = [segment.offset for segment in segments(zone)]
    first, last = min(offsets), max(offsets)
    if first == last:
        return ""
    begin, end = utc(first % MINUTES_A_DAY), utc(last % MINUTES_A_DAY)
    return f", not between {begin:%H:%M} and {end:%H:%M} in {zone}, where summer time changes its UTC date"


def _summer_time(stream: Stream) -> list[Diagnostic]:
    times = stream.runs.timeline
    said = []
    if times.skipped is not None:
        said.append(f"skips: {spell_wall(times.skipped, stream.zone)}")
    if times.repeated is not None:
        said.append(f"repeats: {spell_wall(times.repeated, stream.zone)}")
    if not said:
        return []
    return [
        finding(
            "C0413",
            f"{stream.plan.name} starts at a local time that the change of the clock {' and '.join(said)}",
            stream.schedule.origin,
            "choose an hour that no change of the clock touches, or let the node run in UTC",
            severity=Severity.WARNING,
        )
    ]


def _midnight(stream: Stream) -> list[Diagnostic]:
    latest = max(stream.runs.starts, key=lambda start: start % MINUTES_A_DAY, default=0)
    if latest % MINUTES_A_DAY < MINUTES_A_DAY - MIDNIGHT_MARGIN:
        return []
    return [
        finding(
            "C0414",
            f"{stream.plan.name} starts just before midnight UTC, at {spell_moment(latest, stream.zone)}: a run that "
            "is delayed takes the next day's date",
            stream.schedule.origin,
            f"start it at least {MIDNIGHT_MARGIN} minutes before midnight UTC, or after it",
            severity=Severity.WARNING,
        )
    ]
