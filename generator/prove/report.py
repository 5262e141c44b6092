"""What proving a fleet gives: what is wrong, and what was shown to hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from generator.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofReport:
    """``diagnostics`` in the order of the rules; ``proved`` has one sentence for each fact of the summary."""

    diagnostics: tuple[Diagnostic, ...] = ()
    proved: tuple[str, ...] = ()


def merge(reports: Iterable[ProofReport]) -> ProofReport:
    """One report of all findings and sentences of ``reports``, in their order; equal findings once."""
    every = tuple(reports)
    return ProofReport(
        diagnostics=tuple(dict.fromkeys(finding for report in every for finding in report.diagnostics)),
        proved=tuple(sentence for report in every for sentence in report.proved),
    )
