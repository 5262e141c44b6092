"""Finds what a program defines and never uses, so that nobody has to review it and nothing can call it.

A template includes a piece for one of its functions; the others would be code with root's rights that no run needs.
What counts as use is wider than what bash would call: any word of the text that is kept, wherever it stands in there.
Templates are written so that this works: functions and constants begin at the start of a line, and so does what ends
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FUNCTION = re.compile(r"([a-z_]\w*)\(\) ([{(])$")
_CONSTANT = re.compile(r"(?:readonly |declare )?(?:-[aAir]+ )?[a-z_]\w*=")
_ASSIGNED = re.compile(r"(?:^|\s)([a-z_]\w*)=")
_WORD = re.compile(r"[A-Za-z_]\w*")
_OF_ENGINE = re.compile(r'"\$1_(\w+)"')  # calls a function of the engine that it is given: `docker_call`
_DISPATCH = '"$1_$2"'  # calls an engine's function by its name, which is the caller's second word
_ENDS = {"{": "}", "(": ")"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """Lines from ``start`` to ``end``, counted from 0 and without ``end``, that are kept or left out together.

    ``names`` are what it defines, ``text`` what it says without its comments. What defines nothing else is kept.
    """

    start: int
    end: int
    names: frozenset[str] = frozenset()
    text: str = ""
    comment: bool = False
    blank: bool = False
    heading: bool = False


def unused_lines(program: str) -> frozenset[int]:
    """The lines of ``program``, counted from 0, of what it never uses: functions, constants, and comments on them."""
    items = tuple(_items(program.split("\n")))
    live = _live(items)
    dropped = {item for item in items if item.names and not item.names & live}
    dropped |= set(_comments_of(items, dropped))
    dropped |= set(_headings_of(items, dropped))
    dropped |= set(_blanks_of(items, dropped))
    return frozenset(number for item in dropped for number in range(item.start, item.end))


def _items(lines: list[str]) -> Iterator[_Item]:
    start = 0
    while start < len(lines):
        line = lines[start]
        end = start + 1
        names: frozenset[str] = frozenset()
        if function := _FUNCTION.match(line):
            end = lines.index(_ENDS[function[2]], end) + 1
            names = frozenset((function[1],))
        elif _CONSTANT.match(line) and "$(" not in line:
            if line.endswith("=("):
                end = lines.index(")", end) + 1
            names = frozenset(_ASSIGNED.findall(line))
        said = [one for one in lines[start:end] if not one.lstrip().startswith("#")]
        yield _Item(
            start=start,
            end=end,
            names=names,
            text="\n".join(said),
            comment=not said,
            blank=line == "",
            heading=line.startswith("# --- "),
        )
        start = end


def _live(items: tuple[_Item, ...]) -> frozenset[str]:
    """Every name that is used, directly or not, by what is kept anyway."""
    dispatchers = frozenset(name for item in items if _DISPATCH in item.text for name in item.names)
    used: set[str] = set()
    for item in items:
        if not item.names:
            used |= _words(item.text, dispatchers)
    waiting = [item for item in items if item.names]
    while found := [item for item in waiting if any(_is_used(name, used) for name in item.names)]:
        waiting = [item for item in waiting if item not in found]
        for item in found:
            used |= _words(item.text, dispatchers) | item.names
    return frozenset(used)


def _words(text: str, dispatchers: frozenset[str]) -> set[str]:
    """The words of ``text``, and ``*_<word>`` for the functions of engines that it calls."""
    used = set(_WORD.findall(text))
    verbs = _OF_ENGINE.findall(text)
    for dispatcher in dispatchers & used:
        verbs += re.findall(rf"\b{dispatcher} \S+ '?(\w+)", text)
    return used | {f"*_{verb}" for verb in verbs}


def _is_used(name: str, used: set[str]) -> bool:
    return name in used or any(f"*{name[cut:]}" in used for cut, sign in enumerate(name) if sign == "_")


def _comments_of(items: tuple[_Item, ...], dropped: set[_Item]) -> Iterator[_Item]:
    """Comments right above what is left out; those that begin a paragraph only if nothing else of it stays."""
    for paragraph in _paragraphs(items):
        staying = [item for item in paragraph if not item.comment and item not in dropped]
        about: list[_Item] = []
        for position, item in enumerate(paragraph):
            if item.comment:
                about.append(item)
                continue
            begins = position == len(about)
            if item in dropped and not (begins and staying):
                yield from about
            about = []


def _paragraphs(items: tuple[_Item, ...]) -> Iterator[list[_Item]]:
    paragraph: list[_Item] = []
    for item in items:
        if item.blank:
            yield paragraph
            paragraph = []
        else:
            paragraph.append(item)
    yield paragraph


def _headings_of(items: tuple[_Item, ...], dropped: set[_Item]) -> Iterator[_Item]:
    """A heading, and what is said below it, where nothing stays until the next one."""
    section: list[_Item] = []
    for item in (*items, _Item(start=0, end=0, heading=True)):
        if not item.heading:
            section.append(item)
            continue
        left = [one for one in section if not one.blank and one not in dropped]
        emptied = len(left) < sum(not one.blank for one in section) and all(one.comment for one in left)
        if emptied and section[0].heading:
            yield from left
        section = [item]


def _blanks_of(items: tuple[_Item, ...], dropped: set[_Item]) -> Iterator[_Item]:
    """One empty line stays between what stays."""
    after_blank = False
    for item in items:
        if item in dropped:
            continue
        if item.blank and after_blank:
            yield item
        after_blank = item.blank
