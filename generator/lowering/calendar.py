"""Five crontab fields as systemd's calendar events."""

from __future__ import annotations

from collections.abc import Iterable

from generator.inventory.cron import parse_cron

_WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


def calendar_events(cron: str, zone: str) -> tuple[str, ...]:
    """The events that together mean ``cron`` in ``zone``, a name of the time zone database (systemd.time(7)).

    There are two where either of crontab's day fields is enough: an event wants both its weekday and its date. Local
    times that a change of the clock skips or repeats are another matter, for `generator.prove.rules.schedulers`.
    """
    expression = parse_cron(cron)
    weekdays = ",".join(_WEEKDAYS[day] for day in sorted(expression.weekdays))
    everyday = len(expression.weekdays) == len(_WEEKDAYS)
    months, days = _list(expression.months, 12), _list(expression.days, 31)
    clock = f"{_list(expression.hours, 24)}:{_list(expression.minutes, 60)}:00 {zone}"
    if expression.either_day:
        return f"*-{months}-{days} {clock}", f"{weekdays} *-{months}-* {clock}"
    return (f"{'' if everyday else f'{weekdays} '}*-{months}-{days} {clock}",)


def _list(values: Iterable[int], count: int) -> str:
    """A list with the ranges of it that are longer than two written as such, ``*`` for all ``count``."""
    found = sorted(values)
    if len(found) == count:
        return "*"
    runs: list[list[int]] = []
    for value in found:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ",".join(part for run in runs for part in _spell(run))


def _spell(run: list[int]) -> tuple[str, ...]:
    if len(run) > 2:
        return (f"{run[0]:02d}..{run[-1]:02d}",)
    return tuple(f"{value:02d}" for value in run)
