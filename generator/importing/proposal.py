"""What a platform says about a fleet, in the inventory's own form, and what it does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from generator.diagnostics.model import Diagnostic, Severity

KeyPath: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """``keys`` lead, from the mapping at ``place``, to what is needed and nobody said; ``hint`` tells a person there.

    What is said at ``instead`` (a way from the top) fills the gap too.
    Gaps with one ``code`` and ``problem`` are reported together, as one problem of several ``subject``s.
    """

    place: KeyPath
    keys: KeyPath
    hint: str
    code: str
    subject: str
    problem: str
    advice: str
    instead: KeyPath = ()


def unnamed_fleet(platform: str) -> Gap:
    """No ``platform`` knows what a fleet is called."""
    return Gap(
        place=(),
        keys=("fleet",),
        hint="fleet, its name; part of file names on every node, so it stays",
        code="C0713",
        subject="`fleet`",
        problem=f"{platform} does not say what the fleet is called",
        advice="import with --fleet, or write it",
    )


def nothing_protected(platform: str, advice: str) -> Gap:
    """``platform`` knows machines, and not what of them is worth keeping."""
    return Gap(
        place=(),
        keys=("plans",),
        hint="plans and datasets: what is protected, where, and when (see docs/inventory.md)",
        code="C0715",
        subject="plans",
        problem=f"{platform} does not say what is to be protected",
        advice=advice,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """``said`` is in the inventory language; in a list of mappings each has a `node` of its own.

    ``told`` are the public halves of keys that nodes have made, as `generator.importing.own_keys` takes them.
    """

    said: Mapping[str, Any]
    gaps: tuple[Gap, ...]
    diagnostics: tuple[Diagnostic, ...]
    told: Mapping[str, Any] = field(default_factory=dict)


def error(code: str, message: str, advice: str) -> Diagnostic:
    """Something a person must mend before the inventory is whole."""
    return Diagnostic(code=code, message=message, span=None, advice=advice)


def warning(code: str, message: str, advice: str) -> Diagnostic:
    """Something a person should know."""
    return Diagnostic(code=code, message=message, span=None, advice=advice, severity=Severity.WARNING)
