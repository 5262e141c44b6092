"""Diagnostics for people, as compilers show them: code, place, excerpt, caret, and what to do."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Protocol, TextIO

from generator.diagnostics.model import Diagnostic, Severity
from generator.plan.origin import Span

WIDEST_EXCERPT = 160
RED, YELLOW, BLUE, CYAN, BOLD, PLAIN = "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[36m", "\x1b[1m", "\x1b[0m"


class Excerpted(Protocol):
    """A file that excerpts are taken from: ``name`` as in spans, ``shown`` as the user named it."""

    @property
    def name(self) -> str:
        """What spans call the file."""
        ...

    @property
    def shown(self) -> str:
        """What the user called it."""
        ...

    @property
    def text(self) -> str:
        """Its contents."""
        ...


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether ``stream`` is a terminal whose user did not ask for plain text (https://no-color.org)."""
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def render_text(diagnostics: Iterable[Diagnostic], sources: Iterable[Excerpted], *, colour: bool = False) -> str:
    """All ``diagnostics``, an empty line after each."""
    return _Renderer(sources, colour).all(diagnostics)


class _Renderer:
    def __init__(self, sources: Iterable[Excerpted], colour: bool) -> None:
        listed = list(sources)
        self._lines = {source.name: source.text.split("\n") for source in listed}
        self._shown = {source.name: source.shown for source in listed}
        self._colour = colour

    def all(self, diagnostics: Iterable[Diagnostic]) -> str:
        return "".join(f"{self._one(diagnostic)}\n\n" for diagnostic in diagnostics)

    def _one(self, one: Diagnostic) -> str:
        tint = RED if one.severity is Severity.ERROR else YELLOW
        spans = [span for span in (one.span, *(label.span for label in one.labels)) if span is not None]
        width = max((len(str(span.line)) for span in spans), default=1)
        kind = self._paint(tint, f"{one.severity.value}[{one.code}]")
        lines = [kind + self._paint(BOLD, f": {visible(one.message)}")]
        file = ""
        if one.span is not None:
            file = one.span.file
            lines.append(f"{' ' * width}{self._paint(BLUE, '-->')} {self._place(one.span)}")
            lines += self._excerpt(one.span, width, tint, "^", "")
        for label in one.labels:
            if label.span.file == file:
                lines.append(self._paint(BLUE, f"{' ' * width} :"))
            else:
                lines.append(f"{' ' * width}{self._paint(BLUE, ':::')} {self._place(label.span)}")
            lines += self._excerpt(label.span, width, BLUE, "-", visible(label.text))[
                1 if label.span.file == file else 0 :
            ]
        lines.append(f"{' ' * width} {self._paint(BLUE, '=')} {self._paint(CYAN, 'help:')} {visible(one.advice)}")
        return "\n".join(lines)

    def _excerpt(self, span: Span, width: int, tint: str, mark: str, text: str) -> list[str]:
        lines = self._lines.get(span.file, [])
        if not 1 <= span.line <= len(lines):
            return []
        line = lines[span.line - 1]
        start = min(span.column - 1, len(line))
        length = max(1, min(span.length, len(line) - start))
        cut = max(0, start - WIDEST_EXCERPT // 2) if len(line) > WIDEST_EXCERPT else 0
        shown = line[cut : cut + WIDEST_EXCERPT]
        indent = columns(visible(line[cut:start]))
        underline = mark * max(1, columns(visible(line[start : start + length])))
        bar = self._paint(BLUE, "|")
        said = self._paint(tint, f"{underline[:WIDEST_EXCERPT]} {text}".rstrip())
        return [
            f"{' ' * width} {bar}",
            f"{self._paint(BLUE, str(span.line).rjust(width))} {bar} {visible(shown)}".rstrip(),
            f"{' ' * width} {bar} {' ' * indent}{said}",
        ]

    def _place(self, span: Span) -> str:
        return visible(f"{self._shown.get(span.file, span.file)}:{span.line}:{span.column}")

    def _paint(self, tint: str, text: str) -> str:
        return f"{tint}{text}{PLAIN}" if self._colour else text


def visible(text: str) -> str:
    """``text`` with everything that could steer a terminal made harmless, one character for each."""
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character in "\t\n" or character.isspace() else "\ufffd"


def columns(text: str) -> int:
    """How many terminal columns ``text`` takes."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text
    )
