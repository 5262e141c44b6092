"""Sample points of a time zone, by which an installer recognises a node that runs in another one."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from generator.inventory.zones import load_zone

# The solstices and equinoxes of one fixed year: enough to tell zones with different offsets or summer time apart.
SAMPLES = tuple(datetime(2027, month, 21, 12, tzinfo=UTC) for month in (3, 6, 9, 12))


@cache
def clock_offsets(timezone: str) -> tuple[tuple[int, int], ...]:
    """Pairs of a Unix time and the UTC offset in seconds that ``timezone`` has then."""
    zone = load_zone(timezone)
    return tuple((int(sample.timestamp()), _offset(sample.astimezone(zone))) for sample in SAMPLES)


def _offset(moment: datetime) -> int:
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
