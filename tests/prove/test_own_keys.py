"""An edge whose key its node makes by itself is whole with exactly the lines that the inventory names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from generator.inventory import load
from generator.inventory.model import Fleet
from generator.lowering import lower
from generator.plan import Artifact, AuthorizedKey, AuthorizedKeys, FleetPlan, OwnKey
from generator.prove import prove

KAIZEN = Path(__file__).parents[2] / "inventory" / "kaizen.yml"
OTHERS = "is authorized with other keys than those that the inventory has of its node"
FIRST, SECOND = (f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{letter * 43}" for letter in "BC")


def owned(tmp_path: Path, value: str) -> Fleet:
    """The example fleet, whose collecting node makes the key for `website` by itself."""
    path = tmp_path / "fleet.yml"
    node = "  services-1: "
    path.write_text(
        KAIZEN.read_text().replace(node, f'{node}\n    own_keys: {{website.send_nightly: "{value}"}} ', 1)
    )
    fleet = load(path).fleet
    assert fleet is not None
    return fleet


def changed(plan: FleetPlan, change: Callable[[Artifact], Artifact]) -> FleetPlan:
    nodes = (replace(node, artifacts=tuple(map(change, node.artifacts))) for node in plan.nodes)
    return replace(plan, nodes=tuple(nodes))


def own(entry: AuthorizedKey, **values: object) -> AuthorizedKey:
    return replace(entry, **values) if entry.own else entry  # type: ignore[arg-type]


def lines(**values: object) -> Callable[[Artifact], Artifact]:
    """The authorized lines of keys that nodes made become others."""

    def change(artifact: Artifact) -> Artifact:
        if not isinstance(artifact, AuthorizedKeys):
            return artifact
        return replace(artifact, entries=tuple(own(entry, **values) for entry in artifact.entries))

    return change


def forgotten(artifact: Artifact) -> Artifact:
    return replace(artifact, public=()) if isinstance(artifact, OwnKey) else artifact


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one, ()),
        (lines(own=(SECOND,)), (OTHERS,)),
        (lines(own=(FIRST, SECOND)), (OTHERS,)),
        (lines(epochs=(1,)), ("uses the key of epoch 1, and epochs 1 are authorized",)),
        (forgotten, ("is authorized on website, and nobody knows its key",)),
    ],
    ids=["whole", "another key", "one more", "a derived one beside it", "unknown"],
)
def test_lines_are_those_of_the_inventory(
    tmp_path: Path, change: Callable[[Artifact], Artifact], said: tuple[str, ...]
) -> None:
    fleet = owned(tmp_path, FIRST)
    found = prove(fleet, changed(lower(fleet), change)).diagnostics
    broken = [one.message for one in found if one.code == "C0441"]
    assert [text for text in said if not any(text in message for message in broken)] == []
    assert bool(broken) == bool(said)


def test_a_key_that_is_not_known_is_a_warning_and_no_gap(tmp_path: Path) -> None:
    fleet = owned(tmp_path, "unknown")
    report = prove(fleet, lower(fleet))
    assert [one.code for one in report.diagnostics] == ["C0464"]
    assert any("1 more wait for a key that nobody knows yet" in sentence for sentence in report.proved)
