"""Every file in ``bad/`` is refused with exactly the text beside it; CAPSULE_UPDATE_GOLDEN=1 rewrites the texts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from generator.diagnostics import catalog, render_text
from generator.inventory import load

BAD = sorted((Path(__file__).parent / "bad").glob("*.yml"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_diagnostics_of_a_bad_inventory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    result = load(Path(path.name))
    text = render_text(result.diagnostics, result.sources)
    expected = path.with_suffix(".txt")
    if os.environ.get("CAPSULE_UPDATE_GOLDEN"):
        expected.write_text(text)
    assert result.fleet is None
    assert text == expected.read_text()


def test_bad_inventories_show_nearly_every_code() -> None:
    """What no file can show: a missing file, a secret, very deep nesting."""
    shown = {one.code for path in BAD for one in load(path).diagnostics}
    mine = {code for code in catalog() if code < "C0400"}
    assert mine - shown == {"C0101", "C0105", "C0111", "C0120", "C0121", "C0315"}
