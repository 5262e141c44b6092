"""Why a source cannot be imported at all: a diagnostic, and the file that it is about."""

from __future__ import annotations

from generator.diagnostics.model import Diagnostic
from generator.plan.origin import Span
from generator.source.text import SourceText


class ImportFailure(Exception):
    """Nothing can be imported; ``sources`` are what the diagnostic's excerpt is taken from."""

    def __init__(self, diagnostic: Diagnostic, sources: tuple[SourceText, ...] = ()) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
        self.sources = sources


def failure(code: str, message: str, advice: str) -> ImportFailure:
    """A failure without a place in a file."""
    return ImportFailure(Diagnostic(code=code, message=message, span=None, advice=advice))


def failure_at(source: SourceText, line: int, code: str, message: str, advice: str) -> ImportFailure:
    """A failure about the whole line ``line`` (from 1) of ``source``."""
    lines = source.text.split("\n")
    text = lines[line - 1] if 1 <= line <= len(lines) else ""
    indent = len(text) - len(text.lstrip())
    span = Span(file=source.name, line=line, column=indent + 1, length=max(1, len(text.strip())))
    return ImportFailure(Diagnostic(code=code, message=message, span=span, advice=advice), (source,))
