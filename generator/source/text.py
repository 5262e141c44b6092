"""Reads an inventory file as text, and refuses what no person can see in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from generator.diagnostics.model import Diagnostic
from generator.plan.origin import Span

# Invisible or line-breaking characters: control characters but tab and newline, separators, direction overrides,
# halves of surrogate pairs.
SUSPECT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
INDENT = re.compile(r"^ *(\t[ \t]*)", re.MULTILINE)
SUMMARY_LIMIT = 20  # a binary file is one mistake, not ten thousand


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """A file's text; ``name`` is what spans call it, ``shown`` how the user named it."""

    name: str
    shown: str
    text: str
    content: bytes


def read_source(path: Path) -> tuple[SourceText | None, tuple[Diagnostic, ...]]:
    """The file at ``path``, or why it cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return None, (
            Diagnostic(
                code="C0101",
                message=f"cannot read {path}: {reason}",
                span=None,
                advice="name an inventory file that you may read; `gen init` writes a first one",
            ),
        )
    name = path.name
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = len(content[: error.start].rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        shown = SourceText(name=name, shown=str(path), text=content.decode("utf-8", "replace"), content=content)
        return shown, (
            Diagnostic(
                code="C0102",
                message=f"the file is not UTF-8: byte 0x{content[error.start]:02x} cannot stand here",
                span=Span(file=name, line=line, column=column),
                advice="save the file as UTF-8",
            ),
        )
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    return SourceText(name=name, shown=str(path), text=text, content=content), ()


def scan_text(file: str, text: str) -> tuple[Diagnostic, ...]:
    """Diagnostics for tabs in indentation and for characters that cannot be seen."""
    tabs = tuple(
        Diagnostic(
            code="C0103",
            message="this line is indented with a tab",
            span=_span(file, text, match.start(1), len(match.group(1))),
            advice="indent with spaces: YAML gives a tab no width",
        )
        for match in _first(INDENT, text)
    )
    suspects = tuple(
        Diagnostic(
            code="C0104",
            message=f"the character {describe(match.group())} cannot be seen and may not stand in an inventory",
            span=_span(file, text, match.start(), 1),
            advice="delete it; often it was pasted along",
        )
        for match in _first(SUSPECT, text)
    )
    return tabs + suspects


def describe(character: str) -> str:
    """A character that cannot be printed, by number and name."""
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}{f' ({name})' if name else ''}"


def _first(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    found = []
    for match in pattern.finditer(text):
        found.append(match)
        if len(found) == SUMMARY_LIMIT:
            break
    return found


def _span(file: str, text: str, offset: int, length: int) -> Span:
    line = text.count("\n", 0, offset) + 1
    return Span(file=file, line=line, column=offset - text.rfind("\n", 0, offset), length=length)
