"""The register of attacks: one record each, from which the table in docs/threat-model.md is rendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .stage import Stage

BEGIN, END = "<!-- attacks: begin -->", "<!-- attacks: end -->"
Step = Callable[[Stage], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attempt. ``run`` tries it and raises if it succeeds; ``control`` then does by the same way what is allowed,
    so that no attack counts as refused because the way is broken or because it broke the way."""

    name: str
    attacker: str
    tries: str
    refused: str
    run: Step
    control: Step


_attacks: dict[str, Attack] = {}


def attack(name: str, *, attacker: str, tries: str, refused: str, control: Step) -> Callable[[Step], Step]:
    """Register the decorated function as the attempt called ``name``."""

    def register(run: Step) -> Step:
        assert name not in _attacks, name
        _attacks[name] = Attack(name=name, attacker=attacker, tries=tries, refused=refused, run=run, control=control)
        return run

    return register


def attacks() -> tuple[Attack, ...]:
    """Every registered attack, in the order of registration."""
    return tuple(_attacks.values())


def table() -> str:
    """The register as a table in Markdown, between its markers."""
    rows = [
        "| Attack | Starts from | Tries | Ends |",
        "|---|---|---|---|",
        *(f"| `{one.name}` | {one.attacker} | {one.tries} | {one.refused} |" for one in attacks()),
    ]
    return "\n".join((BEGIN, "", *rows, "", END))
