"""What verification found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A rendered file that its consumer would refuse or misread: our bug, whatever the inventory says.

    ``where`` is ``node:path`` or ``node:path:line``, ``what`` the parser's own words.
    """

    where: str
    rule: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """Files that could not be checked because ``tool`` is not installed here."""

    tool: str
    what: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """``verified`` are the numbers of files by kind; ``shapes`` how many different ones were looked at."""

    faults: tuple[Fault, ...] = ()
    unverified: tuple[Unverified, ...] = ()
    verified: tuple[tuple[str, int], ...] = ()
    shapes: int = 0


def merge(reports: Iterable[VerificationReport]) -> VerificationReport:
    """One report of all, in a fixed order."""
    every = tuple(reports)
    return VerificationReport(
        faults=tuple(fault for report in every for fault in report.faults),
        unverified=tuple(missing for report in every for missing in report.unverified),
        verified=tuple(count for report in every for count in report.verified),
        shapes=sum(report.shapes for report in every),
    )
