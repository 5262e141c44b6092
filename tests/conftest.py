"""Counts how many tests of each kind ran, and fails a run that promised the lab and did not run it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import remembering
from hypothesis import settings

if os.environ.get("CAPSULE_REQUIRE_LAB"):
    # a commit is judged by what it says; whoever runs `make test` tries something new each time
    settings.register_profile("the same for all", derandomize=True)
    settings.load_profile("the same for all")

KINDS = ("unit", "bats", "lab")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Shellcheck is asked about each script once; workers share the directory of the process that started them."""
    if not hasattr(config, "workerinput"):
        os.environ[remembering.VARIABLE] = tempfile.mkdtemp(prefix="capsule-verdicts-")
    remembering.remember(Path(os.environ[remembering.VARIABLE]))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Forget what shellcheck has said."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(remembering.VARIABLE))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files that share a fleet run on one worker."""
    if config.getvalue("dist") != "loadfile":
        return None
    from together import Together

    return Together(config, log)


def kind_of(keywords: object) -> str:
    """The kind of a test: the marker it carries, else ``unit``."""
    assert hasattr(keywords, "__contains__")
    return next((kind for kind in KINDS[1:] if kind in keywords), "unit")


def _count(terminal: pytest.TerminalReporter) -> dict[str, Counter[str]]:
    counts = {kind: Counter[str]() for kind in KINDS}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminal.getreports(outcome):
            if getattr(report, "when", None) == "call" or outcome in ("skipped", "error"):
                # a module that cannot be imported has a report without keywords
                counts[kind_of(getattr(report, "keywords", ()))][outcome] += 1
    return counts


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line for each kind of test."""
    for kind, outcomes in _count(terminalreporter).items():
        if outcomes:
            told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
            terminalreporter.write_line(f"{kind} tests: {told}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With CAPSULE_REQUIRE_LAB set, a lab run in which a lab test was skipped or none passed is a failure."""
    wants_lab = session.config.option.markexpr == "lab" and not session.config.option.collectonly
    if not (os.environ.get("CAPSULE_REQUIRE_LAB") and wants_lab):
        return
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    assert isinstance(terminal, pytest.TerminalReporter)
    lab = _count(terminal)["lab"]
    if lab["passed"] == 0 or lab["skipped"]:
        terminal.write_line(f"the lab did not run: {dict(lab)}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
