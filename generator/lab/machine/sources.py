"""Package sources for the emulated machine: this machine's own, and contrib of the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


def with_contrib(sources: Sequence[Path], suite: str, directory: Path) -> tuple[Path, ...]:
    """Copies of ``sources`` in ``directory`` in which those of ``suite`` offer contrib beside main: ZFS is there.

    Both forms are understood: stanzas in files called ``*.sources``, lines in others.
    """
    copies: list[Path] = []
    for source in sources:
        text = source.read_text(encoding="utf-8")
        copy = directory / f"{len(copies)}{source.suffix}"
        copy.write_text(
            _stanzas(text, suite) if source.suffix == ".sources" else _lines(text, suite), encoding="utf-8"
        )
        copies.append(copy)
    return tuple(copies)


def _stanzas(text: str, suite: str) -> str:
    stanzas = re.split(r"\n{2,}", text)
    own = [bool(re.search(rf"(?m)^Suites:.*\b{suite}\b", stanza)) for stanza in stanzas]
    return "\n\n".join(
        re.sub(r"(?m)^(Components:.*\bmain\b.*)$", r"\1 contrib", stanza) if is_own else stanza
        for stanza, is_own in zip(stanzas, own, strict=True)
    )


def _lines(text: str, suite: str) -> str:
    return re.sub(rf"(?m)^(deb .*\s{suite}\S*\s+main\b.*)$", r"\1 contrib", text)
