"""Scripts: bash's own parser and a syntax tree on each shape, rules and lint on what is left after folding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, Future
from pathlib import Path

from generator.render.templates import Shape, TemplateLibrary
from generator.verify import bash_rules
from generator.verify.bash_tree import parse
from generator.verify.folding import Folded, fold
from generator.verify.report import Fault, Unverified, VerificationReport
from generator.verify.shellcheck import lint
from generator.verify.subjects import Subject
from generator.verify.tools import run, words


class ScriptChecks:
    """Checks scripts while others are still being rendered; the rules for capsules are for ``sealed`` ones only.

    Scripts that install others have rights and tools of their own. What is reported depends on the scripts and their
    order, never on how fast the checks were.
    """

    def __init__(
        self, library: TemplateLibrary, tools: Mapping[str, Path], scratch: Path, pool: Executor, *, sealed: bool
    ) -> None:
        self._library = library
        self._tools = tools
        self._scratch = scratch
        self._pool = pool
        self._sealed = sealed
        self._count = 0
        self._shapes: dict[Shape, Subject] = {}
        self._distinct: dict[bytes, tuple[Subject, Folded]] = {}
        self._syntax: list[Future[VerificationReport]] = []
        self._lint: dict[bytes, Future[VerificationReport]] = {}
        scratch.mkdir()

    def see(self, subject: Subject) -> None:
        """Start whatever ``subject`` needs: nothing, if a script of its shape was seen before."""
        self._count += 1
        if subject.file.shape in self._shapes:
            return
        self._shapes[subject.file.shape] = subject
        folded = fold(subject.file.content.decode(), self._library.outline(subject.file.shape))
        earlier = self._distinct.get(folded.outline)
        if earlier is None or len(earlier[1].numbers) < len(folded.numbers):
            self._distinct[folded.outline] = (subject, folded)
            self._start_lint(subject, folded)
        if "bash" in self._tools:
            bash = self._tools["bash"]
            self._syntax.append(self._pool.submit(lambda: _syntax_report(subject, bash)))

    def _start_lint(self, subject: Subject, folded: Folded) -> None:
        if "shellcheck" not in self._tools:
            return
        if folded.outline in self._lint:
            # a shorter one that says no more than this
            self._lint[folded.outline].cancel()
        shellcheck = self._tools["shellcheck"]
        file = self._scratch / f"{len(self._shapes)}.sh"
        self._lint[folded.outline] = self._pool.submit(
            lambda: VerificationReport(faults=lint(subject, folded, shellcheck, file))
        )

    def finish(self) -> list[Future[VerificationReport]]:
        """Start what is left; all that was started, in an order that is always the same."""
        if not self._count:
            return []
        left = [self._missing_report, *([self._tree_report] if self._sealed else [])]
        return [*self._lint.values(), *self._syntax, *(self._pool.submit(job) for job in left)]

    def _missing_report(self) -> VerificationReport:
        checks = (("shellcheck", "scripts"), ("bash", "the syntax of scripts"))
        missing = (
            Unverified(tool=tool, what=what, count=self._count) for tool, what in checks if tool not in self._tools
        )
        return VerificationReport(unverified=tuple(missing))

    def _tree_report(self) -> VerificationReport:
        faults = []
        unreadable = set()
        for subject in self._shapes.values():
            problem = parse(subject.file.content).first_error
            if problem is not None:
                unreadable.add(subject)
                what = "the syntax tree has a hole here, so that no rule about this script can be proved"
                faults.append(Fault(where=f"{subject.where}:{problem}", rule="syntax tree", what=what))
        for subject, folded in self._distinct.values():
            if subject not in unreadable:
                faults.extend(_rule_faults(subject, folded))
        return VerificationReport(faults=tuple(faults))


def _syntax_report(subject: Subject, bash: Path) -> VerificationReport:
    outcome = run(bash, "--norc", "--noprofile", "-n", "/dev/stdin", content=subject.file.content)
    faults: tuple[Fault, ...] = ()
    # bash says "warning: here-document delimited by end-of-file" and still ends with 0
    if outcome.status != 0 or outcome.errors:
        faults = (Fault(where=subject.where, rule="bash -n", what=words(outcome)),)
    return VerificationReport(faults=faults, shapes=1)


def _rule_faults(subject: Subject, folded: Folded) -> Iterator[Fault]:
    for violation in bash_rules.violations(parse(folded.text.encode())):
        line = folded.numbers[violation.line - 1]
        yield Fault(where=f"{subject.where}:{line}", rule=violation.rule, what=violation.what)
