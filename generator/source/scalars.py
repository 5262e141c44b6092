"""What an unquoted word means: YAML 1.2's core schema without floats, and a refusal where YAML readers disagree."""

from __future__ import annotations

import re

from generator.source.tree import ScalarValue

CONSTANTS: dict[str, ScalarValue] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
# A number longer than this is a mistake, and Python takes quadratic time to read it.
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\Z")
# Truth values, octal, hexadecimal, binary and grouped numbers of YAML 1.1 or 1.2: readers disagree about each.
# Sexagesimals (12:30), dates and floats are text here: nothing in the language is one.
AMBIGUOUS = re.compile(
    r"(?i:yes|no|on|off|y|n)\Z|[-+]?(0[0-7_]+|0[0-9]+|0o[0-7]+|0x[0-9a-fA-F_]+|0b[01_]+|[1-9][0-9]*_[0-9_]*)\Z"
)


class Ambiguous(ValueError):
    """YAML readers disagree about the word."""


def resolve_plain(text: str) -> ScalarValue:
    """The value of an unquoted word; raises `Ambiguous`."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    first = text[0]
    if (first.isdigit() or first in "+-") and INTEGER.match(text):
        return int(text)
    if AMBIGUOUS.match(text):
        raise Ambiguous(text)
    return text
