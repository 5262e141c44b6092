"""Log rotation files, read by logrotate in its debugging mode, which changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from generator.verify.report import Fault, Unverified, VerificationReport
from generator.verify.subjects import Subject, one_of_each_shape
from generator.verify.tools import run, words


def verify(subjects: Sequence[Subject], tools: Mapping[str, Path], scratch: Path) -> VerificationReport:
    """``logrotate -d`` on one file of each shape; it reports mistakes as ``error:`` lines, whatever its status."""
    shapes = one_of_each_shape(subjects)
    if "logrotate" not in tools:
        missing = Unverified(tool="logrotate", what="the grammar of log rotation files", count=len(subjects))
        return VerificationReport(unverified=(missing,))
    faults = []
    for number, subject in enumerate(shapes):
        file = scratch / f"logrotate-{number}"
        file.write_bytes(subject.file.content)
        file.chmod(0o644)
        outcome = run(tools["logrotate"], "-d", "-s", "/dev/null", str(file))
        if outcome.status != 0 or "error:" in outcome.errors + outcome.output:
            faults.append(Fault(where=subject.where, rule="logrotate", what=words(outcome)))
    return VerificationReport(faults=tuple(faults), shapes=len(shapes))
