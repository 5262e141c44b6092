"""The whole way of a proposal into an inventory: a new one, or one that people have worked on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generator.diagnostics.model import Diagnostic
from generator.importing.document import Document
from generator.importing.failures import ImportFailure
from generator.importing.gaps import reported, still_open, with_marks, without_marks
from generator.importing.merging import Merger, remembered
from generator.importing.own_keys import OwnKeys
from generator.importing.proposal import Proposal
from generator.source import Mapping as Tree
from generator.source import SourceText, parse, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """An inventory's new ``text``, what the next import must know as ``said``, and what a person should know."""

    text: str
    said: Mapping[str, Any]
    diagnostics: tuple[Diagnostic, ...]


def bring(proposal: Proposal, before: Mapping[str, Any], existing: SourceText | None, heading: str) -> Brought:
    """``proposal`` merged into ``existing``, or into nothing but a ``heading`` of comments.

    Raises `ImportFailure` where ``existing`` is not an inventory in YAML.
    """
    old = heading + "\ncapsule: 1\n" if existing is None else existing.text
    tree = _parsed(existing, old)
    bare = without_marks(old)
    document = Document(bare)
    # places are those of the file as it lies there; the document has the same keys
    merger = Merger(document, tree)
    merger.merge(proposal.said, before)
    own = OwnKeys(document, tree, proposal.told)
    if proposal.told:
        own.fill()
    text = document.text()
    made, now = _reread(text)
    gaps = still_open(proposal.gaps, now)
    text = with_marks(text, made, gaps)
    _, again = _reread(text)
    if again != now:
        raise AssertionError("the marks of an import changed the inventory")
    return Brought(
        text=text,
        said=remembered(proposal.said, before, now),
        diagnostics=(*proposal.diagnostics, *merger.diagnostics, *own.diagnostics, *reported(gaps)),
    )


def _parsed(existing: SourceText | None, text: str) -> Tree:
    name = "inventory" if existing is None else existing.name
    tree, problems = parse(name, text)
    if tree is None or problems:
        raise ImportFailure(problems[0], () if existing is None else (existing,))
    return tree


def _reread(text: str) -> tuple[Tree, Mapping[str, Any]]:
    """What was written, read by the inventory's own reader: a problem here is our bug."""
    tree, problems = parse("imported", text)
    if tree is None or problems:
        raise AssertionError(f"an import wrote what cannot be read: {problems[0].message} ({problems[0].span})")
    return tree, plain(tree)
