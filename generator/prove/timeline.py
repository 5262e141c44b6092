"""When cron really starts a job: occurrences of five crontab fields in a time zone, in UTC.

The behaviour around summer time is that of cron on Debian and Ubuntu (vixie cron 3.0pl1), as cron(8) says under NOTES
and as the classification of clock jumps in its ``cron.c`` does it:

* fixed times that a jump forward of less than three hours skips are run right after the jump;
* fixed times that a jump back of less than three hours repeats are run once, the first time;
* jobs whose minute or hour field begins with ``*`` follow the new time at once: skipped times do not run, repeated
  times run again;
* larger jumps are taken for corrections of the clock: skipped times do not run, repeated ones run again.

Everything is counted in whole minutes since 1970, UTC, or in minutes of local ("wall") time since 1970 alike.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise

from generator.inventory.cron import CronExpression, parse_cron
from generator.inventory.zones import load_zone

# 28 years hold each combination of weekday, date and leap year once, so that a rule of summer time that holds
# until then ("the last Sunday of March") brings nothing new afterwards.
FIRST_YEAR, LAST_YEAR = 2024, 2051
MINUTES_A_DAY = 24 * 60
CLOCK_CORRECTION = 3 * 60
_EPOCH = date(1970, 1, 1)
_FIRST_DAY = (date(FIRST_YEAR, 1, 1) - _EPOCH).days
_LAST_DAY = (date(LAST_YEAR, 12, 31) - _EPOCH).days
# Hourly over the whole horizon. What runs more often breaks the rule of one date a run at once, so less is enough.
_MOST_STARTS = 24 * (_LAST_DAY + 1 - _FIRST_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of UTC, ``start`` to before ``end``, in which a zone keeps one ``offset``; all in minutes."""

    start: int
    end: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """``starts`` in UTC, ascending, all there are before ``until``; ``skipped`` and ``repeated`` are the first local
    times that a change of the clock skips or repeats, or None; ``every_day`` says that no date is left out."""

    starts: tuple[int, ...]
    until: int
    skipped: int | None
    repeated: int | None
    every_day: bool


@cache
def segments(zone_name: str) -> tuple[Segment, ...]:
    """The offsets of a zone over the horizon and a day more at both ends; raises `UnknownZone`."""
    start, end = (_FIRST_DAY - 1) * MINUTES_A_DAY, (_LAST_DAY + 2) * MINUTES_A_DAY
    probes = [*range(start, end, 5 * MINUTES_A_DAY), end]  # no zone changes twice within five days
    found: list[Segment] = []
    for before, after in pairwise(probes):
        offset = offset_at(zone_name, before)
        if offset != offset_at(zone_name, after):
            change = _change(zone_name, before, after)
            found.append(Segment(start=start, end=change, offset=offset))
            start = change
    return (*found, Segment(start=start, end=end, offset=offset_at(zone_name, end)))


@cache
def timeline(cron: str, zone_name: str) -> Timeline:
    """Every start of a job over the horizon; raises what `parse_cron` and `segments` raise."""
    walls, every_day, last_day = _walls(cron)
    follows_clock = any(field.startswith("*") for field in cron.split()[:2])
    starts: list[int] = []
    skipped: list[int] = []
    repeated: list[int] = []
    covered: int | None = None
    for segment in segments(zone_name):
        low, high = segment.start + segment.offset, segment.end + segment.offset
        begin = low
        if covered is not None:
            skipped += walls[bisect_left(walls, covered) : bisect_left(walls, low)]
            repeated += walls[bisect_left(walls, low) : bisect_left(walls, covered)]
            if not follows_clock and abs(low - covered) < CLOCK_CORRECTION:
                missed = bisect_left(walls, low) - bisect_left(walls, covered)
                starts += [segment.start] * max(missed, 0)
                begin = max(low, covered)
        starts += [wall - segment.offset for wall in walls[bisect_left(walls, begin) : bisect_left(walls, high)]]
        covered = high
    return Timeline(
        starts=tuple(starts),
        until=(last_day - 1) * MINUTES_A_DAY,  # no zone is further than a day from UTC
        skipped=min(skipped, default=None),
        repeated=min(repeated, default=None),
        every_day=every_day,
    )


def offset_at(zone_name: str, minute: int) -> int:
    """The UTC offset of a zone at a minute of UTC, in minutes."""
    moment = datetime.fromtimestamp(minute * 60, tz=load_zone(zone_name))
    return int((moment.utcoffset() or timedelta()).total_seconds()) // 60


def utc(minute: int) -> datetime:
    """The minute as a time of UTC."""
    return datetime.fromtimestamp(minute * 60, tz=UTC)


def _change(zone_name: str, before: int, after: int) -> int:
    """The first minute with another offset than ``before``; there is one change up to ``after``."""
    offset = offset_at(zone_name, before)
    while after - before > 1:
        middle = (before + after) // 2
        if offset_at(zone_name, middle) == offset:
            before = middle
        else:
            after = middle
    return after


@cache
def _walls(cron: str) -> tuple[list[int], bool, int]:
    """The local minutes at which a job is due in any zone, whether each day has some, and the last day looked at.

    Never empty: `parse_cron` refuses days that do not exist, and all others come in 28 years.
    """
    expression = parse_cron(cron)
    times = sorted(hour * 60 + minute for hour in expression.hours for minute in expression.minutes)
    days = [day for day in range(_FIRST_DAY, _LAST_DAY + 1) if _due(expression, day)]
    every_day = len(days) == _LAST_DAY + 1 - _FIRST_DAY
    looked_at = days[: _MOST_STARTS // len(times)]
    last = _LAST_DAY if len(looked_at) == len(days) else looked_at[-1]
    return [day * MINUTES_A_DAY + time for day in looked_at for time in times], every_day, last


def _due(expression: CronExpression, day: int) -> bool:
    there = _EPOCH + timedelta(days=day)
    return expression.runs_on(month=there.month, day=there.day, weekday=there.isoweekday() % 7)
