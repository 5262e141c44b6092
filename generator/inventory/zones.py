"""Time zones from the packaged database only, so that a build never depends on the machine's own."""

from __future__ import annotations

from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo


class UnknownZone(ValueError):
    """There is no such time zone."""


@cache
def load_zone(name: str) -> ZoneInfo:
    """The IANA time zone ``name`` from the ``tzdata`` package; raises `UnknownZone`."""
    parts = name.split("/")
    if not all(part and not part.startswith(".") for part in parts):
        raise UnknownZone(name)
    resource = resources.files("tzdata.zoneinfo").joinpath(*parts)
    try:
        with resource.open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError) as error:
        raise UnknownZone(name) from error


@cache
def zone_names() -> tuple[str, ...]:
    """Every name of the packaged database, in its own order."""
    return tuple(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())
