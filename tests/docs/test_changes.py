"""docs/changes.md is executed: what it says about rotating keys, and keys that nodes make, on the build host."""

from __future__ import annotations

from pathlib import Path

from .pages import Carry, follow
from .place import ROOT, Place

PAGE = ROOT / "docs/changes.md"


def nothing(carried: Carry) -> None:
    raise AssertionError(carried)


def test_keys_are_rotated_as_the_page_says(tmp_path: Path) -> None:
    here = Place(tmp_path)
    here.install_gen()
    here.path("inventory.yml").write_bytes((ROOT / "inventory/kaizen.yml").read_bytes())
    assert follow(PAGE, {"build-host": here}, nothing) == 16
