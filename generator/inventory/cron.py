"""The five time fields of crontab(5), parsed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class CronError(ValueError):
    """The text is not five crontab fields that ever come true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CronExpression:
    """When a crontab entry runs: sets of minutes 0-59, hours 0-23, days 1-31, months 1-12, weekdays 0-6 (0: Sunday).

    ``either_day`` is crontab(5)'s rule: where neither day field begins with ``*``, one of the two is enough.
    """

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def runs_on(self, *, month: int, day: int, weekday: int) -> bool:
        """Whether there is any run on a date; ``weekday`` counts from 0, Sunday."""
        if month not in self.months:
            return False
        if self.either_day:
            return day in self.days or weekday in self.weekdays
        return day in self.days and weekday in self.weekdays


@cache
def parse_cron(text: str) -> CronExpression:
    """The meaning of five crontab fields; raises `CronError` with what is wrong and in which field."""
    fields = text.split()
    if text.strip().startswith("@"):
        raise CronError("words such as @daily do not say when: write five fields")
    if len(fields) != 5:
        raise CronError(f"five fields are needed, and there are {len(fields)}")
    minute, hour, day, month, weekday = fields
    days = _field("day of the month", day, 1, 31)
    months = _field("month", month, 1, 12, MONTHS)
    either = not day.startswith("*") and not weekday.startswith("*")
    if not either and not any(LONGEST_MONTHS[one - 1] >= min(days) for one in months):
        raise CronError("no month named here has such a day, so it would never run")
    return CronExpression(
        text=text,
        minutes=_field("minute", minute, 0, 59),
        hours=_field("hour", hour, 0, 23),
        days=days,
        months=months,
        weekdays=frozenset(one % 7 for one in _field("day of the week", weekday, 0, 7, WEEKDAYS)),
        either_day=either,
    )


def _field(name: str, text: str, low: int, high: int, words: tuple[str, ...] = ()) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(name, step_text, 1, high) if slash else 1
        if span == "*":
            first, last = low, high
        elif "-" in span:
            left, _, right = span.partition("-")
            first, last = _number(name, left, low, high, words), _number(name, right, low, high, words)
            if first > last:
                raise CronError(f"the {name} `{span}` runs backwards")
        elif slash:
            raise CronError(f"the {name} `{part}` has a step without a range: write `{span}-{high}/{step_text}`")
        else:
            first = last = _number(name, span, low, high, words)
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(name: str, text: str, low: int, high: int, words: tuple[str, ...] = ()) -> int:
    if text.lower() in words:
        return words.index(text.lower()) + (1 if words is MONTHS else 0)
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise CronError(f"the {name} `{text}` is not a number")
    number = int(text)
    if not low <= number <= high:
        raise CronError(f"the {name} {number} is not between {low} and {high}")
    return number
