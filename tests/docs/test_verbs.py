"""The threat model names everything that may be done over the network, with its worst abuse."""

from __future__ import annotations

import re
from pathlib import Path

from generator.inventory import load
from generator.prove.verbs import orders

ROOT = Path(__file__).parents[2]


def test_every_order_of_the_example_has_a_row() -> None:
    text = (ROOT / "docs/threat-model.md").read_text("utf-8")
    section = text.partition("## What the network can start")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `([a-z_]+)_<plan>`[^|]*\|[^|]*\| ([^|]+) \|$", section, re.M))
    fleet = load(ROOT / "inventory/sbdi.yml").fleet
    assert fleet is not None
    verbs = {order.verb for order in orders(fleet).values()}
    assert len(verbs) == 10
    assert verbs <= rows.keys()
    assert all(len(worst) > 3 for worst in rows.values())
