"""A page that does not say what happens is refused, so a test that follows one can fail."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from .pages import Carry, Console, blocks, follow

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^\s*```(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Shell:
    """This machine, in a directory of the test's."""

    home: Path

    def shell(self, script: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1; {script}"], cwd=self.home, stdout=subprocess.PIPE, text=True, check=False
        )
        return done.returncode, done.stdout


def nothing(carried: Carry) -> None:
    """These pages carry nothing."""
    raise AssertionError(carried)


def following(home: Path, body: str) -> int:
    page = home / "page.md"
    page.write_text(f"```console here\n{body}\n```\n", encoding="utf-8")
    return follow(page, {"here": Shell(home)}, nothing)


def test_a_true_page_is_followed_in_one_shell(tmp_path: Path) -> None:
    assert following(tmp_path, "$ a=1\n$ echo $a; echo two\n1\ntwo\n$ false\n[1]\n$ ls page.md\npage…") == 4


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("$ echo one\ntwo", "did not say: two"),
        ("$ echo one; echo two\ntwo\none", "did not say: one"),
        ("$ echo one\n$ true\none", "did not say: one"),
        ("$ echo one\n$ echo complete\n… complete …", "did not say: … complete …"),
        ("$ false", "ended with 1"),
        ("$ true\n[1]", "ended with 0"),
        ("$ exit 0\n$ echo never", "ended with 0"),
        ("says something\n$ true", "begins with a command"),
    ],
)
def test_an_untrue_page_is_refused(tmp_path: Path, body: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        following(tmp_path, body)


def test_a_machine_that_nobody_has_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console elsewhere\n$ true\n```\n", encoding="utf-8")
    with pytest.raises(KeyError, match="elsewhere"):
        follow(page, {"here": Shell(tmp_path)}, nothing)


@pytest.mark.parametrize("page", ["worst-day.md", "tutorial.md"])
def test_no_block_of_an_executed_page_is_passed_over(page: str) -> None:
    fences = FENCE.findall((DOCS / page).read_text("utf-8"))
    strange = [fence for fence in fences if not re.fullmatch(r"console [a-z0-9-]+|carry", fence)]
    assert strange == []
    found = list(blocks(DOCS / page))
    assert sum(isinstance(block, Console) for block in found) == sum(fence != "carry" for fence in fences)
    assert sum(isinstance(block, Carry) for block in found) >= fences.count("carry") > 0
