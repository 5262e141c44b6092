"""The order in which people expect names: numbers in them count as numbers."""

from __future__ import annotations

import re

DIGITS = re.compile(r"([0-9]+)")


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key by which ``solr-2`` comes before ``solr-10``."""
    parts = DIGITS.split(name)
    return tuple(
        (1, int(part[:18]), part) if position % 2 else (0, 0, part) for position, part in enumerate(parts) if part
    )
