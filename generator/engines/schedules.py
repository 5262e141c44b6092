"""How often schedules come round, and the runs whose silence is an alarm."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from generator.engines.contribution import ExpectedRun
from generator.inventory.cron import parse_cron
from generator.inventory.model import Schedule

SECONDS_OF_A_DAY = 86400
_FIRST_DAY = date(2028, 1, 1)  # a leap year, so that every date of a schedule occurs in the four years that follow
_DAYS_WALKED = 4 * 366


@cache
def longest_interval_seconds(cron: str) -> int:
    """The longest time between two days on which ``cron`` runs, in seconds, at least one day."""
    expression = parse_cron(cron)
    longest, last = 1, None
    for number in range(_DAYS_WALKED):
        day = _FIRST_DAY + timedelta(days=number)
        if expression.runs_on(month=day.month, day=day.day, weekday=day.isoweekday() % 7):
            longest = max(longest, number - last) if last is not None else longest
            last = number
    return longest * SECONDS_OF_A_DAY


def expected_run(name: str, schedule: Schedule, duration_seconds: int) -> ExpectedRun:
    """The run with this ``name``: late after its next turn and the time it may take, missing one turn later."""
    interval = longest_interval_seconds(schedule.cron)
    late = interval + duration_seconds
    return ExpectedRun(
        name=name,
        warning_seconds=late,
        critical_seconds=late + interval,
        interval_seconds=interval,
        origin=schedule.origin,
    )
