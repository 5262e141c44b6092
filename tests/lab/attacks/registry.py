"""The register of attacks: one record each, from which the table in docs/threat-model.md is rendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

BEGIN, END = "<!-- attacks: begin -->", "<!-- attacks: end -->"
# what a step is given is the stage of its fleet
Step = Callable[[Any], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attempt. ``run`` tries it and raises if it succeeds; ``control`` then does by the same way what is allowed,
    so that no attack counts as refused because the way is broken or because it broke the way. ``fleet`` says on which
    of the tests' fleets."""

    name: str
    fleet: str
    attacker: str
    tries: str
    refused: str
    run: Step
    control: Step


_attacks: dict[str, Attack] = {}


def attack(
    name: str, *, attacker: str, tries: str, refused: str, control: Step, fleet: str = "kaizen"
) -> Callable[[Step], Step]:
    """Register the decorated function as the attempt called ``name``."""

    def register(run: Step) -> Step:
        assert name not in _attacks, name
        _attacks[name] = Attack(
            name=name, fleet=fleet, attacker=attacker, tries=tries, refused=refused, run=run, control=control
        )
        return run

    return register


def attacks(fleet: str) -> tuple[Attack, ...]:
    """Every registered attack on ``fleet``, in the order of registration."""
    return tuple(one for one in _attacks.values() if one.fleet == fleet)


def table() -> str:
    """The register as a table in Markdown, between its markers."""
    # by fleet: which module of tests registers first differs from run to run
    found = sorted(_attacks.values(), key=lambda one: one.fleet)
    rows = [
        "| Attack | Starts from | Tries | Ends |",
        "|---|---|---|---|",
        *(f"| `{one.name}` | {one.attacker} | {one.tries} | {one.refused} |" for one in found),
    ]
    return "\n".join((BEGIN, "", *rows, "", END))
