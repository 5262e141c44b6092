"""What lies on a node whatever its plans are."""

from __future__ import annotations

from pathlib import Path

from generator.inventory import load
from generator.lowering import lower

KAIZEN = Path(__file__).parents[2] / "inventory" / "kaizen.yml"
STATE = "/var/lib/capsule/kaizen"


def test_every_expected_run_has_a_directory_that_is_dated_once_and_kept() -> None:
    fleet = load(KAIZEN).fleet
    assert fleet is not None
    directories = {
        node.name: {one.path: one for one in node.directories if one.path.startswith(f"{STATE}/expected")}
        for node in lower(fleet).nodes
    }
    assert sorted(directories["website"]) == [
        f"{STATE}/expected",
        f"{STATE}/expected/backup_nightly",
        f"{STATE}/expected/scrub_nightly",
    ]
    assert f"{STATE}/expected/collect_collection.website" in directories["services-1"]
    everything = [one for found in directories.values() for one in found.values()]
    assert {(one.owner, one.mode, one.keep) for one in everything} == {("root", 0o755, True)}
