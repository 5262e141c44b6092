from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.diagnostics import catalog, reference
from generator.diagnostics.catalog import DamagedPages, parse_pages

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"\"(C0[0-9]{3})\"")


@pytest.mark.parametrize("code", sorted(catalog()))
def test_a_page_explains(code: str) -> None:
    page = catalog()[code]
    assert len(page.text) > 80
    assert not page.title.endswith(".")


@pytest.mark.parametrize("code", sorted(code for code in catalog() if code < "C0400"))
def test_a_page_of_the_front_end_has_an_example_and_says_what_to_do(code: str) -> None:
    text = catalog()[code].text
    assert "**What to do:**" in text
    assert "```" in text


def test_every_code_of_the_front_end_has_a_page_and_every_page_a_use() -> None:
    used = set()
    for folder in ("source", "inventory", "engines"):
        for path in (ROOT / "generator" / folder).rglob("*.py"):
            used.update(CODE.findall(path.read_text()))
    mine = {code for code in catalog() if code < "C0400"}
    assert {code for code in used if code < "C0400"} == mine


def test_the_reference_in_docs_is_current() -> None:
    assert (ROOT / "docs" / "diagnostics.md").read_text() == reference(), "run `make docs`"


def test_a_damaged_page_file_is_our_bug() -> None:
    with pytest.raises(DamagedPages):
        parse_pages("x.md", "no title\n## C0999: a\n")
