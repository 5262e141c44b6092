"""The tutorial and the runbook of the worst day, as far as they need no second machine, as they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.keys.openssh import public_line

from .pages import Carry, Step, blocks, follow, unsaid
from .place import ROOT, Place

HOST = "build-host"


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """A build host with `gen`, which is this very code."""
    place = Place(tmp_path)
    place.install_gen()
    return place


def brought(home: Path, carried: Carry) -> None:
    """What comes from elsewhere is made up here; what leaves must at least be there."""
    if carried.source == HOST:
        assert (home / carried.path / "install.sh").is_file(), carried
        return
    assert carried.host == HOST
    target = home / carried.target
    target.parent.mkdir(parents=True, exist_ok=True)
    if carried.path.endswith("kaizen.secret"):
        made = Place(home).shell(f"gen keys init '{ROOT}/inventory/kaizen.yml' --file '{target}'")
        assert made[0] == 0, made
    elif carried.path.endswith("kaizen.yml"):
        target.write_bytes((ROOT / "inventory/kaizen.yml").read_bytes())
    else:
        # a key for every machine; the comment is what ssh-keygen writes
        number = sum(carried.source.encode()) % 256
        target.write_text(f"{public_line(bytes([number]) * 32)} root@{carried.source}\n")


@pytest.mark.parametrize(("page", "least"), [("tutorial.md", 18), ("worst-day.md", 12)])
def test_what_is_done_on_the_build_host_works_as_written(here: Place, page: str, least: int) -> None:
    done = follow(ROOT / "docs" / page, {HOST: here}, lambda carried: brought(here.home, carried), only=HOST)
    assert done >= least


@pytest.mark.parametrize(
    ("said", "output", "missing"),
    [
        (("a", "b"), "a\nb\n", None),
        (("b", "a"), "a\nb\n", "a"),
        (("a … c",), "a long c\n", None),
        (("a … c",), "a\nc\n", "a … c"),
        ((), "", None),
    ],
)
def test_what_is_not_said_is_noticed(said: tuple[str, ...], output: str, missing: str | None) -> None:
    assert unsaid(said, output) == missing


def test_a_block_is_read_as_its_comment_says(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console a\n$ one\nsays\n[3]\n$ two\n```\n```carry\na:/x -> b:y\n```\n```console\n$ no\n```\n")
    console, carried = blocks(page)
    assert not isinstance(console, Carry)
    assert console.steps == (
        Step(place="page.md:2", text="one", said=("says",), status=3),
        Step(place="page.md:5", text="two", said=()),
    )
    assert carried == Carry(source="a", path="/x", host="b", target="y")
