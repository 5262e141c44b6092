"""Shortens repetition: ten thousand sources give ten thousand equal blocks, and two of them show all there is."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from generator.render.templates import BLANK

KEPT = 2  # one block alone would hide what only shows between two of them
LONGEST = 40  # lines of a block that is looked for
_WORDS = re.compile(f"{BLANK}(?: {BLANK})+")  # a list of values within a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A text with fewer repeated blocks, made of real lines; ``numbers`` are their line numbers in the whole text.

    ``outline`` is a digest of what is left of the outline when nothing is repeated at all: of files whose ``outline``
    is equal the longest is linted, since it shows whatever the others do.
    """

    text: str
    numbers: tuple[int, ...]
    outline: bytes


def fold(text: str, outline: str) -> Folded:
    """``text`` with at most `KEPT` of directly repeated blocks of lines; blocks are equal if their ``outline`` is.

    Meant for lint, whose rules look at a statement and what it refers to, not for the grammar, which is checked on
    the whole text. Only blocks that hold a quoted value are folded: what a template repeats by itself stays.
    """
    shapes = outline.split("\n")
    kept = _fold_lines(shapes, KEPT)
    lines = text.split("\n")
    folded_outline = "\n".join(_WORDS.sub(BLANK, shapes[index]) for index in _fold_lines(shapes, 1))
    return Folded(
        text="\n".join(lines[index] for index in kept),
        numbers=tuple(index + 1 for index in kept),
        outline=hashlib.sha256(folded_outline.encode()).digest(),
    )


def _fold_lines(shapes: list[str], most: int) -> list[int]:
    """Indices of the lines that are left when every block occurs at most ``most`` times in a row."""
    kept = list(range(len(shapes)))
    for period in range(1, LONGEST + 1):
        kept = _fold_period(kept, shapes, period, most)
    return kept


def _fold_period(kept: list[int], shapes: list[str], period: int, most: int) -> list[int]:
    if not _repeats(kept, shapes, period):
        return kept
    result: list[int] = []
    position = 0
    while position < len(kept):
        end = position + period
        count = 1
        while _same(kept, shapes, position, position + count * period, period):
            count += 1
        if count > most and any(BLANK in shapes[index] for index in kept[position:end]):
            result.extend(kept[position : position + most * period])
            position += count * period
        else:
            result.append(kept[position])
            position += 1
    return result


def _repeats(kept: list[int], shapes: list[str], period: int) -> bool:
    """Whether any line with a value equals the one ``period`` later, without which no block is folded."""
    return any(
        shapes[one] == shapes[other] and BLANK in shapes[one] for one, other in zip(kept, kept[period:], strict=False)
    )


def _same(kept: list[int], shapes: list[str], first: int, second: int, length: int) -> bool:
    if second + length > len(kept):
        return False
    return all(shapes[kept[first + step]] == shapes[kept[second + step]] for step in range(length))
