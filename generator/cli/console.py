"""What commands print: diagnostics, progress and sentences."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from generator.cli import TROUBLE
from generator.diagnostics import Diagnostic, Severity
from generator.diagnostics.text_form import render_text, wants_colour
from generator.source import SourceText

__all__ = ["PROBLEMS", "TROUBLE", "progress_bars", "refuse", "show", "trouble", "warning"]

PROBLEMS = 1


def show(diagnostics: Iterable[Diagnostic], sources: Iterable[SourceText] = ()) -> None:
    """Print ``diagnostics`` to standard error."""
    colour = wants_colour(sys.stderr, os.environ)
    click.echo(render_text(diagnostics, sources, colour=colour), err=True, nl=False)


def refuse(diagnostics: Iterable[Diagnostic], status: int, sources: Iterable[SourceText] = ()) -> SystemExit:
    """Print ``diagnostics``; the exception to raise."""
    show(diagnostics, sources)
    return SystemExit(status)


def trouble(code: str, message: str, advice: str) -> Diagnostic:
    """An error that has no place in the inventory."""
    return Diagnostic(code=code, message=message, span=None, advice=advice)


def warning(code: str, message: str, advice: str) -> Diagnostic:
    """A warning that has no place in the inventory."""
    return Diagnostic(code=code, message=message, span=None, advice=advice, severity=Severity.WARNING)


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A function that shows how much of a step is done, on a terminal; elsewhere it says nothing."""
    if not sys.stderr.isatty():
        yield _silent
        return
    columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {}

        def advance(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield advance


def _silent(step: str, done: int, total: int) -> None:
    del step, done, total
