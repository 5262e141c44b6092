"""A misspelt key of ``keys: edges:`` is noticed, and the right one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.inventory import load
from generator.lowering import lower
from generator.prove import prove

KAIZEN = Path(__file__).parents[2] / "inventory" / "kaizen.yml"


@pytest.mark.parametrize(
    ("name", "advice"),
    [("compute-1.send_nightly", None), ("compute1.send_nightly", "did you mean `compute-1.send_nightly`?")],
)
def test_an_epoch_belongs_to_a_key(tmp_path: Path, name: str, advice: str | None) -> None:
    path = tmp_path / "fleet.yml"
    path.write_text(f"{KAIZEN.read_text()}\nkeys: {{edges: {{{name}: 2}}}}\n")
    fleet = load(path).fleet
    assert fleet is not None
    found = [one.advice for one in prove(fleet, lower(fleet)).diagnostics if one.code == "C0461"]
    assert found == ([] if advice is None else [advice])
