"""What restores go around is what a build really places."""

from __future__ import annotations

from pathlib import Path

from generator.engines.capsules import kept_out
from generator.inventory import load
from generator.lowering import lower

KAIZEN = Path(__file__).parents[2] / "inventory" / "kaizen.yml"


def test_everything_that_is_placed_is_kept_out_or_in_a_directory_of_capsules_own() -> None:
    fleet = load(KAIZEN).fleet
    assert fleet is not None
    paths = fleet.paths
    own = tuple(f"{path}/" for path in (paths.programs, paths.state, paths.logs, fleet.operator.home))
    for node in lower(fleet).nodes:
        around = kept_out(fleet, fleet.node(node.name))
        strays = [one.path for one in node.artifacts if not one.path.startswith(own) and one.path not in around]
        assert strays == []
        assert any(path.startswith("/etc/") for path in around)
