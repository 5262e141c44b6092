"""Shellcheck on capsules: every check that it has, minus a short list that says why."""

from __future__ import annotations

import json
from collections.abc import Mapping
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


def lint(subject: Subject, folded: Folded, shellcheck: Path, file: Path) -> tuple[Fault, ...]:
    """Faults of ``subject``, of which only ``folded`` is looked at; ``file`` is written for shellcheck to read."""
    file.write_text(folded.text)
    outcome = run(
        shellcheck,
        "--norc",
        "--shell=bash",
        "--enable=all",
        # Data flow only adds unreachable code to what is found, and costs more than all else: the tests of the golden
        # files run it, on one of each capsule.
        "--extended-analysis=false",
        "--severity=style",
        f"--exclude={','.join(EXCLUDED)}",
        "--format=json1",
        str(file),
    )
    if outcome.status not in (0, 1):
        return (Fault(where=subject.where, rule="shellcheck", what=words(outcome)),)
    return tuple(
        Fault(
            where=f"{subject.where}:{folded.numbers[comment['line'] - 1]}",
            rule=f"SC{comment['code']}",
            what=comment["message"],
        )
        for comment in json.loads(outcome.output)["comments"]
    )
