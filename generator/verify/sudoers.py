"""Sudoers fragments, read by visudo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from generator.verify.report import Fault, Unverified, VerificationReport
from generator.verify.subjects import Subject, one_of_each_shape
from generator.verify.tools import run, words


def verify(subjects: Sequence[Subject], tools: Mapping[str, Path]) -> VerificationReport:
    """``visudo -c`` on one fragment of each shape."""
    shapes = one_of_each_shape(subjects)
    if "visudo" not in tools:
        missing = Unverified(tool="visudo", what="the grammar of sudoers files", count=len(subjects))
        return VerificationReport(unverified=(missing,))
    faults = []
    for subject in shapes:
        outcome = run(tools["visudo"], "-c", "-f", "-", content=subject.file.content)
        if outcome.status != 0:
            faults.append(Fault(where=subject.where, rule="visudo", what=words(outcome)))
    return VerificationReport(faults=tuple(faults), shapes=len(shapes))
