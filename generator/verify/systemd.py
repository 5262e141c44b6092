"""Units of systemd, read by systemd-analyze, which loads them as the service manager would and starts nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from generator.verify.report import Fault, Unverified, VerificationReport
from generator.verify.subjects import Subject, one_of_each_shape
from generator.verify.tools import run, words

_EXEC = re.compile(rb"^ExecStart=/\S+$", re.MULTILINE)
_TIMED = re.compile(rb"^Unit=(\S+)$", re.MULTILINE)
_STARTED = b"[Service]\nType=oneshot\nExecStart=/bin/true\n"


def verify(subjects: Sequence[Subject], tools: Mapping[str, Path], scratch: Path) -> VerificationReport:
    """``systemd-analyze verify`` on one unit of each shape; whatever it says is a fault, as it only warns of unknown
    settings. Capsules are not on this machine, so the program of a unit stands aside for one that is."""
    shapes = one_of_each_shape(subjects)
    if "systemd-analyze" not in tools:
        missing = Unverified(tool="systemd-analyze", what="the grammar of systemd's units", count=len(subjects))
        return VerificationReport(unverified=(missing,))
    faults = []
    for number, subject in enumerate(shapes):
        place = scratch / str(number)
        place.mkdir(parents=True)
        file = place / subject.file.path.rpartition("/")[2]
        content = _EXEC.sub(b"ExecStart=/bin/true", subject.file.content)
        for started in _TIMED.findall(content):
            (place / started.decode()).write_bytes(_STARTED)
        file.write_bytes(content)
        outcome = run(tools["systemd-analyze"], "verify", "--man=no", "--recursive-errors=no", str(file))
        if outcome.status != 0 or outcome.output or outcome.errors:
            faults.append(Fault(where=subject.where, rule="systemd", what=words(outcome)))
    return VerificationReport(faults=tuple(faults), shapes=len(shapes))
