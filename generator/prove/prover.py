"""Finds the rules and asks each of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import cast

from generator.inventory.model import Fleet
from generator.plan import FleetPlan
from generator.prove.facts import Facts
from generator.prove.report import ProofReport, merge


def prove(fleet: Fleet, plan: FleetPlan) -> ProofReport:
    """Every finding of every rule about ``fleet`` and the ``plan`` it was lowered to; pure, and without a clock."""
    facts = Facts.of(fleet, plan)
    return merge(check(facts) for check in rules().values())


@cache
def rules() -> Mapping[str, Callable[[Facts], ProofReport]]:
    """The function ``check`` of every module in ``generator.prove.rules``, by the module's name and in its order."""
    package = importlib.import_module("generator.prove.rules")
    found = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        check = getattr(importlib.import_module(f"{package.__name__}.{name}"), "check", None)
        if check is not None:
            found[name] = cast("Callable[[Facts], ProofReport]", check)
    return found
