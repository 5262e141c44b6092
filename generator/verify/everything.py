"""Runs every verifier over every kind of file, as many at once as there are processors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, assert_never

from generator.render.model import DeliveryFile, Kind, RenderedNode
from generator.render.templates import TemplateLibrary
from generator.verify import cron, keys, logrotate, manifests, sudoers, systemd
from generator.verify.capsules import ScriptChecks
from generator.verify.report import VerificationReport, merge
from generator.verify.scratch import scratch_directory
from generator.verify.subjects import Subject, script_subjects, subjects_of

Job: TypeAlias = Callable[[], VerificationReport]


class Verification:
    """Re-reads every file of a build, beginning while the build is still being rendered; made by `verification`."""

    def __init__(self, library: TemplateLibrary, tools: Mapping[str, Path], scratch: Path, pool: Executor) -> None:
        self._tools = tools
        self._scratch = scratch
        self._pool = pool
        self._capsules = ScriptChecks(library, tools, scratch / "capsules", pool, sealed=True)
        self._installers = ScriptChecks(library, tools, scratch / "installers", pool, sealed=False)

    def see_node(self, node: RenderedNode) -> None:
        """Start on the capsules of ``node``, which is one of those that `report` gets."""
        for subject in subjects_of([node], Kind.CAPSULE):
            self._capsules.see(subject)

    def see_delivery(self, node: str, files: Iterable[DeliveryFile]) -> None:
        """Start on the scripts that deliver ``node``."""
        for subject in script_subjects({node: files}):
            self._installers.see(subject)

    def report(self, nodes: Sequence[RenderedNode], progress: Callable[[str, int, int], None]) -> VerificationReport:
        """What was found in all that was seen, and in every other file of ``nodes``."""
        running = [
            *self._capsules.finish(),
            *self._installers.finish(),
            *(self._pool.submit(job) for job in _jobs(nodes, self._tools, self._scratch)),
        ]
        for count, _ in enumerate(as_completed(running)):
            progress("verify", count, len(running))
        progress("verify", len(running), len(running))
        counts = tuple((kind.value, len(subjects_of(nodes, kind))) for kind in Kind)
        found = merge(future.result() for future in running)
        return VerificationReport(
            faults=found.faults, unverified=found.unverified, verified=counts, shapes=found.shapes
        )


@contextmanager
def verification(library: TemplateLibrary, tools: Mapping[str, Path]) -> Iterator[Verification]:
    """A verification by ``tools``, parsers by name; what needs a missing one is reported as unverified."""
    with (
        scratch_directory() as scratch,
        ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool,
    ):
        try:
            yield Verification(library, tools, scratch, pool)
        finally:
            # whoever interrupts a build does not wait for what has not begun
            pool.shutdown(cancel_futures=True)


def _jobs(nodes: Sequence[RenderedNode], tools: Mapping[str, Path], scratch: Path) -> Iterable[Job]:
    for kind in Kind:
        subjects = subjects_of(nodes, kind)
        if subjects:
            yield from _jobs_of_kind(kind, subjects, tools, scratch)


def _jobs_of_kind(kind: Kind, subjects: Sequence[Subject], tools: Mapping[str, Path], scratch: Path) -> Iterable[Job]:
    match kind:
        case Kind.CAPSULE:
            return []  # begun long ago
        case Kind.SUDOERS:
            return [lambda: sudoers.verify(subjects, tools)]
        case Kind.AUTHORIZED_KEYS:
            return [lambda: keys.verify_authorized_keys(subjects, tools, scratch)]
        case Kind.KNOWN_HOSTS:
            return [lambda: keys.verify_known_hosts(subjects, tools, scratch)]
        case Kind.PRIVATE_KEY:
            return [lambda: keys.verify_private_keys(subjects, tools)]
        case Kind.CRON:
            return [lambda: cron.verify(subjects)]
        case Kind.SERVICE | Kind.TIMER:
            return [lambda: systemd.verify(subjects, tools, scratch / f"systemd-{kind.value}")]
        case Kind.LOGROTATE:
            return [lambda: logrotate.verify(subjects, tools, scratch)]
        case Kind.MANIFEST | Kind.OWN_KEY:
            check = manifests.verify if kind is Kind.MANIFEST else keys.verify_own_keys
            return [lambda: check(subjects)]
        case _:
            assert_never(kind)
