"""``gen check``: parse, resolve, lower and prove an inventory; print every problem."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import click

from generator.cli.console import warning
from generator.cli.inventory_file import find_inventory
from generator.diagnostics import Diagnostic, Severity, render_json, render_text, wants_colour
from generator.inventory import LoadResult, load
from generator.inventory.model import Fleet
from generator.plan import FleetPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """An inventory, all that is wrong with it, and what was proved; ``plan`` is None where it did not load."""

    loaded: LoadResult
    plan: FleetPlan | None
    diagnostics: tuple[Diagnostic, ...]
    proved: tuple[str, ...]

    @property
    def errors(self) -> int:
        """How many diagnostics stop a build."""
        return sum(one.severity is Severity.ERROR for one in self.diagnostics)


def check(path: Path) -> Checked:
    """Loads, lowers and proves the inventory at ``path``."""
    loaded = load(path)
    if loaded.fleet is None:
        return Checked(loaded=loaded, plan=None, diagnostics=loaded.diagnostics, proved=())
    # only where there is something to lower: these import every engine and rule
    from generator.lowering import lower
    from generator.prove import prove

    plan = lower(loaded.fleet)
    report = prove(loaded.fleet, plan)
    diagnostics = (*loaded.diagnostics, *report.diagnostics)
    return Checked(loaded=loaded, plan=plan, diagnostics=diagnostics, proved=report.proved)


def missing_escrow(fleet: Fleet) -> tuple[Diagnostic, ...]:
    """A warning if the inventory records no copy of the fleet secret; commands that only look at keys do not nag."""
    if fleet.escrow_recorded:
        return ()
    return (
        warning(
            "C0501",
            "no copy of the fleet secret is recorded: if it is lost, every key of the fleet is",
            "put a copy where a fire here does not reach it, and record it in the inventory under `escrow`",
        ),
    )


@click.command("check")
@click.argument("inventory", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print problems.")
def command(inventory: Path | None, form: str) -> None:
    """Parse, resolve and prove INVENTORY, and print every problem."""
    path = find_inventory(inventory)
    checked = _with_escrow(check(path))
    if form == "json":
        click.echo(
            render_json(checked.diagnostics, {"inventory": str(path), "proved": list(checked.proved)}), nl=False
        )
    else:
        colour = wants_colour(sys.stderr, os.environ)
        click.echo(_text(checked, colour=colour), err=True, nl=False, color=colour)
    unread = any(one.code == "C0101" for one in checked.diagnostics)
    sys.exit(2 if unread else 1 if checked.errors else 0)


def _with_escrow(checked: Checked) -> Checked:
    missing = missing_escrow(checked.loaded.fleet) if checked.loaded.fleet is not None else ()
    return replace(checked, diagnostics=(*checked.diagnostics, *missing))


def _text(checked: Checked, *, colour: bool) -> str:
    text = render_text(checked.diagnostics, checked.loaded.sources, colour=colour)
    warnings = len(checked.diagnostics) - checked.errors
    if checked.errors:
        first = next(one.code for one in checked.diagnostics if one.severity is Severity.ERROR)
        more = f", {_count(warnings, 'warning')}" if warnings else ""
        counted = f"{_count(checked.errors, 'error')}{more}"
        return f"{text}{counted}. `gen explain {first}` says more about the first.\n"
    proved = "".join(f"  ✓ {sentence}\n" for sentence in checked.proved)
    fleet = checked.loaded.fleet
    nodes = len(fleet.nodes) if fleet else 0
    plans = _plans(fleet) if fleet else 0
    name = fleet.deployment if fleet else ""
    return f"{text}{name}: {_count(nodes, 'node')}, {_count(plans, 'plan')}, {_count(warnings, 'warning')}.\n{proved}"


def _plans(fleet: Fleet) -> int:
    every = (fleet.protect_plans, fleet.collect_plans, fleet.directed_plans, fleet.replica_plans)
    return sum(len(plans) for plans in every)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
