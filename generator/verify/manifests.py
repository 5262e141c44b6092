"""Node manifests, parsed again."""

from __future__ import annotations

from collections.abc import Sequence

from generator.seal.json_lines import ManifestProblem
from generator.seal.manifest import parse_node_manifest, write_node_manifest
from generator.verify.report import Fault, VerificationReport
from generator.verify.subjects import Subject


def verify(subjects: Sequence[Subject]) -> VerificationReport:
    """Every manifest reads back, and writing what was read gives the same bytes."""
    faults = []
    for subject in subjects:
        try:
            again = write_node_manifest(parse_node_manifest(subject.file.content))
        except ManifestProblem as wrong:
            faults.append(Fault(where=subject.where, rule="manifest", what=str(wrong)))
            continue
        if again != subject.file.content:
            faults.append(Fault(where=subject.where, rule="manifest", what="it does not read back as it was written"))
    return VerificationReport(faults=tuple(faults), shapes=1)
