"""The page of every diagnostic, read from ``pages/*.md``: one file an area, one ``## C0123: title`` section a code.

A new area is a new file; nothing else has to change. Codes are stable for ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

HEADING = re.compile(r"^## (C[0-9]{4}): (.+)$", re.MULTILINE)
TITLE = re.compile(r"\A# (.+)$", re.MULTILINE)
INTRODUCTION = """\
# Diagnostics

<!-- Written by `make docs` from generator/diagnostics/pages; change it there. -->

Every problem that Capsule reports has a code that never changes its meaning. `gen explain CODE` prints its page.

`gen check --format json` prints one object for programs; keys may be added, none changes or goes. `format` is 1,
`errors` and `warnings` are counts, `inventory` is the file as it was named, `proved` has one sentence for each proof.
Each of `diagnostics` has `code`, `severity` (`error`, `warning`), `message`, `advice`, `place`, and `labels`: second
places, each with `text` and `place`. A place has `file`, `line`, `column` and `length`, counted in characters from 1,
or is null.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a code means, an example, and what to do, in Markdown; ``area`` is the title of its file."""

    code: str
    title: str
    area: str
    text: str


class DamagedPages(ValueError):
    """A page file breaks the form, or two have the same code: our bug."""


@cache
def catalog() -> Mapping[str, Page]:
    """Every page by code, in the order of codes."""
    pages: dict[str, Page] = {}
    files = resources.files("generator.diagnostics").joinpath("pages")
    for file in sorted(files.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".md"):
            for page in parse_pages(file.name, file.read_text("utf-8")):
                if page.code in pages:
                    raise DamagedPages(f"{file.name}: {page.code} has a page already")
                pages[page.code] = page
    return dict(sorted(pages.items()))


def parse_pages(name: str, text: str) -> tuple[Page, ...]:
    """The pages of one file; raises `DamagedPages`."""
    area = TITLE.match(text)
    if area is None:
        raise DamagedPages(f"{name}: the first line must be `# ` and the area's name")
    headings = list(HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return tuple(
        Page(
            code=heading.group(1),
            title=heading.group(2).strip(),
            area=area.group(1).strip(),
            text=text[heading.end() : end].strip() + "\n",
        )
        for heading, end in zip(headings, ends, strict=True)
    )


def reference() -> str:
    """All pages as one document, for ``docs/diagnostics.md``."""
    parts = [INTRODUCTION]
    area = ""
    for page in catalog().values():
        if page.area != area:
            area = page.area
            parts.append(f"## {area}\n")
        parts.append(f"### {page.code}: {page.title}\n\n{page.text}")
    return "\n".join(parts)
