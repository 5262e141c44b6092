"""Capsules: bash's own parser and a syntax tree on each shape, rules and lint on what is left after folding."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from generator.render.templates import TemplateLibrary
from generator.verify import bash_rules
from generator.verify.bash_tree import parse
from generator.verify.folding import Folded, fold
from generator.verify.report import Fault, Unverified, VerificationReport
from generator.verify.shellcheck import lint
from generator.verify.subjects import Subject, one_of_each_shape
from generator.verify.tools import run, words

_BATCH_BYTES = 60_000  # of script for one call of shellcheck: enough calls to keep every processor busy


def jobs(
    subjects: Sequence[Subject], library: TemplateLibrary, tools: Mapping[str, Path], scratch: Path, *, sealed: bool
) -> Iterable[Callable[[], VerificationReport]]:
    """What is to be done for all scripts, the longest first; the rules for capsules are for ``sealed`` ones only.

    Scripts that install others have rights and tools of their own.
    """
    scratch.mkdir()
    shapes = one_of_each_shape(subjects)
    distinct = _distinct(shapes, library)
    if "shellcheck" in tools:
        for number, batch in enumerate(_batches(distinct)):
            yield _lint_job(batch, tools["shellcheck"], scratch / f"shellcheck-{number}")
    else:
        missing = Unverified(tool="shellcheck", what="scripts", count=len(subjects))
        yield lambda: VerificationReport(unverified=(missing,))
    if "bash" in tools:
        for number in range(parts := max(1, os.cpu_count() or 1)):
            yield _syntax_job(shapes[number::parts], tools["bash"])
    else:
        missing_bash = Unverified(tool="bash", what="the syntax of scripts", count=len(subjects))
        yield lambda: VerificationReport(unverified=(missing_bash,))
    if sealed:
        yield lambda: _tree_report(shapes, distinct)


def _distinct(shapes: Sequence[Subject], library: TemplateLibrary) -> tuple[tuple[Subject, Folded], ...]:
    found: dict[bytes, tuple[Subject, Folded]] = {}
    for subject in shapes:
        folded = fold(subject.file.content.decode(), library.outline(subject.file.shape))
        earlier = found.get(folded.outline)
        if earlier is None or len(earlier[1].numbers) < len(folded.numbers):
            found[folded.outline] = (subject, folded)
    return tuple(found.values())


def _batches(distinct: Sequence[tuple[Subject, Folded]]) -> Iterator[list[tuple[Subject, Folded]]]:
    batch: list[tuple[Subject, Folded]] = []
    size = 0
    for pair in sorted(distinct, key=lambda pair: (-len(pair[1].text), pair[0].where)):
        if batch and size + len(pair[1].text) > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(pair)
        size += len(pair[1].text)
    if batch:
        yield batch


def _lint_job(
    batch: list[tuple[Subject, Folded]], shellcheck: Path, scratch: Path
) -> Callable[[], VerificationReport]:
    return lambda: VerificationReport(faults=lint(batch, shellcheck, scratch))


def _syntax_job(shapes: Sequence[Subject], bash: Path) -> Callable[[], VerificationReport]:
    return lambda: VerificationReport(
        faults=tuple(fault for subject in shapes for fault in _bash_faults(subject, bash)), shapes=len(shapes)
    )


def _bash_faults(subject: Subject, bash: Path) -> Iterator[Fault]:
    outcome = run(bash, "--norc", "--noprofile", "-n", "/dev/stdin", content=subject.file.content)
    # bash says "warning: here-document delimited by end-of-file" and still ends with 0
    if outcome.status != 0 or outcome.errors:
        yield Fault(where=subject.where, rule="bash -n", what=words(outcome))


def _tree_report(
    shapes: Sequence[Subject], distinct: Sequence[tuple[Subject, Folded]]
) -> VerificationReport:
    faults = []
    unreadable = set()
    for subject in shapes:
        problem = parse(subject.file.content).first_error
        if problem is not None:
            unreadable.add(subject)
            what = "the syntax tree has a hole here, so that no rule about this script can be proved"
            faults.append(Fault(where=f"{subject.where}:{problem}", rule="syntax tree", what=what))
    for subject, folded in distinct:
        if subject in unreadable:
            continue
        for violation in bash_rules.violations(parse(folded.text.encode())):
            line = folded.numbers[violation.line - 1]
            faults.append(Fault(where=f"{subject.where}:{line}", rule=violation.rule, what=violation.what))
    return VerificationReport(faults=tuple(faults))
