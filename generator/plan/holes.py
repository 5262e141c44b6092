"""What a template may be given: quoted values, truth values, fragments, and tuples and records of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from generator.plan.origin import Origin
from generator.quoting import Quoted

Hole: TypeAlias = "Quoted | bool | Fragment | Holes | tuple[Hole, ...]"


@dataclass(frozen=True, slots=True)
class Holes:
    """A record of holes, sorted by name so that equal records print equally.

    ``origin`` is the inventory entry that the record stands for, so that ``gen why`` can name it for every line the
    record's values occur on; it is no part of the rendered text.
    """

    values: tuple[tuple[str, Hole], ...]
    origin: Origin | None = field(default=None, compare=False, repr=False)

    def as_mapping(self) -> Mapping[str, Hole]:
        """The record as a mapping from hole name to value."""
        return dict(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """Another template of the same language, rendered with its own holes in this place: how an engine adds code."""

    template: str
    holes: Holes


def holes(**values: Hole) -> Holes:
    """A record of ``values``, in one order whatever order they were given in."""
    return Holes(tuple(sorted(values.items())))


def holes_of(origin: Origin, **values: Hole) -> Holes:
    """A record like `holes` that remembers the inventory entry it stands for."""
    return Holes(tuple(sorted(values.items())), origin)
