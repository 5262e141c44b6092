"""Shellcheck on capsules: every check that it has, minus a short list that says why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from generator.verify.folding import Folded
from generator.verify.report import Fault
from generator.verify.subjects import Subject
from generator.verify.tools import run, words

EXCLUDED: Mapping[str, str] = {
    "SC2016": "values from the inventory always stand in single quotes, also those that hold a dollar sign",
    "SC2034": "every capsule has the whole shared world, also the constants that it does not use",
    "SC2250": "braces around every variable are a matter of taste, and make long lines longer",
    "SC2310": "a capsule goes on after one dataset or source failed, so it calls functions in conditions on purpose; "
    "such functions return on each failure themselves",
    "SC2329": "the same for shared functions; the ones that only a trap calls look unused as well",
    "SC2312": "the same, for substitutions in conditions and here-strings whose emptiness is checked instead",
}


def lint(batch: Sequence[tuple[Subject, Folded]], shellcheck: Path, scratch: Path) -> tuple[Fault, ...]:
    """Faults of the ``batch``, all of it in one call; ``scratch`` is a directory for these files alone."""
    scratch.mkdir()
    by_file: dict[str, tuple[Subject, Folded]] = {}
    for number, (subject, folded) in enumerate(batch):
        file = scratch / f"{number}.sh"
        file.write_text(folded.text)
        by_file[str(file)] = (subject, folded)
    outcome = run(
        shellcheck,
        "--norc",
        "--shell=bash",
        "--enable=all",
        "--severity=style",
        f"--exclude={','.join(EXCLUDED)}",
        "--format=json1",
        *by_file,
    )
    if outcome.status not in (0, 1):
        return (Fault(where=batch[0][0].where, rule="shellcheck", what=words(outcome)),)
    faults = []
    for comment in json.loads(outcome.output)["comments"]:
        subject, folded = by_file[comment["file"]]
        line = folded.numbers[comment["line"] - 1]
        rule = f"SC{comment['code']}"
        faults.append(Fault(where=f"{subject.where}:{line}", rule=rule, what=comment["message"]))
    return tuple(faults)
