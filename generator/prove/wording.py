"""How proofs name nodes, times and durations; counter-examples carry both clocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from generator.diagnostics import Diagnostic, Label, Severity
from generator.inventory.zones import load_zone
from generator.plan import Origin
from generator.prove.timeline import FIRST_YEAR, LAST_YEAR, MINUTES_A_DAY, utc

HORIZON = f"{FIRST_YEAR}–{LAST_YEAR}"


def finding(
    code: str,
    message: str,
    origin: Origin,
    advice: str,
    *labels: tuple[Origin, str],
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    """A diagnostic at ``origin``; labels whose origin has no place in a file are left out."""
    return Diagnostic(
        code=code,
        message=message,
        span=origin.span,
        advice=advice,
        labels=tuple(Label(span=place.span, text=text) for place, text in labels if place.span is not None),
        severity=severity,
    )


def spell_duration(minutes: int) -> str:
    """``1 h 45 min``, ``2 days 3 h``, ``0 min``."""
    days, rest = divmod(minutes, MINUTES_A_DAY)
    hours, rest = divmod(rest, 60)
    parts = [f"{days} day{'s' if days > 1 else ''}"] if days else []
    parts += [f"{hours} h"] if hours else []
    parts += [f"{rest} min"] if rest else []
    return " ".join(parts) or "0 min"


def spell_seconds(seconds: int) -> str:
    """``45 s``, ``10 min``, ``1 min 30 s``."""
    minutes, rest = divmod(seconds, 60)
    parts = [spell_duration(minutes)] if minutes else []
    parts += [f"{rest} s"] if rest or not minutes else []
    return " ".join(parts)


def spell_moment(minute: int, zone_name: str) -> str:
    """``2024-03-10 07:15 UTC (03:15 in America/New_York)``; the local date too where it differs."""
    there = utc(minute)
    if zone_name in ("UTC", "Etc/UTC"):
        return f"{there:%Y-%m-%d %H:%M} UTC"
    local = datetime.fromtimestamp(minute * 60, tz=load_zone(zone_name))
    shown = f"{local:%H:%M}" if local.date() == there.date() else f"{local:%Y-%m-%d %H:%M}"
    return f"{there:%Y-%m-%d %H:%M} UTC ({shown} in {zone_name})"


def spell_wall(minute: int, zone_name: str) -> str:
    """``2024-03-10 02:30 in America/New_York`` for a minute of local time, whether that exists or not."""
    return f"{utc(minute):%Y-%m-%d %H:%M} in {zone_name}"


def spell_date(day: int) -> str:
    """``2024-03-10`` for a day counted from 1970."""
    return (utc(0) + timedelta(days=day)).date().isoformat()


def spell_names(names: Sequence[str], shown: int = 3) -> str:
    """``a``, ``a and b``, ``a, b, c and 97 more``."""
    listed = list(names[:shown]) + ([f"{len(names) - shown} more"] if len(names) > shown else [])
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"


def count(number: int, noun: str) -> str:
    """``1 copy``, ``3 copies``: a number and its noun."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{number} {noun}s"
