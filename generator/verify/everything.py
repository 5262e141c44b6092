"""Runs every verifier over every kind of file, as many at once as there are processors."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TypeAlias, assert_never

from generator.render.model import DeliveryFile, Kind, RenderedNode
from generator.render.templates import TemplateLibrary
from generator.verify import capsules, cron, keys, logrotate, manifests, sudoers
from generator.verify.report import VerificationReport, merge
from generator.verify.subjects import Subject, script_subjects, subjects_of

Job: TypeAlias = Callable[[], VerificationReport]


def verify_nodes(
    nodes: Sequence[RenderedNode],
    delivered: Mapping[str, Iterable[DeliveryFile]],
    library: TemplateLibrary,
    tools: Mapping[str, Path],
    progress: Callable[[str, int, int], None],
) -> VerificationReport:
    """Re-read every file of ``nodes`` and every script that delivers them, ``delivered`` by node name.

    ``tools`` are parsers by name; what needs a missing one is reported as unverified.
    """
    with tempfile.TemporaryDirectory(prefix="capsule-verify-") as scratch:
        jobs = list(_jobs(nodes, library, tools, Path(scratch)))
        scripts = script_subjects(delivered)
        jobs += capsules.jobs(scripts, library, tools, Path(scratch) / "scripts", sealed=False)
        reports: dict[int, VerificationReport] = {}
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            running = {pool.submit(job): number for number, job in enumerate(jobs)}
            for done in as_completed(running):
                progress("verify", len(reports), len(jobs))
                reports[running[done]] = done.result()
    progress("verify", len(jobs), len(jobs))
    counts = tuple((kind.value, len(subjects_of(nodes, kind))) for kind in Kind)
    found = merge(reports[number] for number in range(len(jobs)))
    return VerificationReport(
        faults=found.faults, unverified=found.unverified, verified=counts, shapes=found.shapes
    )


def _jobs(
    nodes: Sequence[RenderedNode], library: TemplateLibrary, tools: Mapping[str, Path], scratch: Path
) -> Iterable[Job]:
    for kind in Kind:
        subjects = subjects_of(nodes, kind)
        if subjects:
            yield from _jobs_of_kind(kind, subjects, library, tools, scratch)


def _jobs_of_kind(
    kind: Kind, subjects: Sequence[Subject], library: TemplateLibrary, tools: Mapping[str, Path], scratch: Path
) -> Iterable[Job]:
    match kind:
        case Kind.CAPSULE:
            return capsules.jobs(subjects, library, tools, scratch / "capsules", sealed=True)
        case Kind.SUDOERS:
            return [lambda: sudoers.verify(subjects, tools)]
        case Kind.AUTHORIZED_KEYS:
            return [lambda: keys.verify_authorized_keys(subjects, tools, scratch)]
        case Kind.KNOWN_HOSTS:
            return [lambda: keys.verify_known_hosts(subjects, tools, scratch)]
        case Kind.PRIVATE_KEY:
            return [lambda: keys.verify_private_keys(subjects, tools, scratch)]
        case Kind.CRON:
            return [lambda: cron.verify(subjects)]
        case Kind.LOGROTATE:
            return [lambda: logrotate.verify(subjects, tools, scratch)]
        case Kind.MANIFEST:
            return [lambda: manifests.verify(subjects)]
        case _:
            assert_never(kind)
