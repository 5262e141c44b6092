"""A store, one of its sources, and a replica, in one mount namespace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from fleets import make_limits, make_replica, make_retention, make_store
from restore_world import RestoreWorld

from generator.engines.directed import replica
from generator.engines.discovery import keepers
from generator.inventory.model import Fleet, Ownership

DAYS = 86400


class ReplicaWorld(RestoreWorld):
    """The node ``mirror`` is here too, with the plan ``offsite``; its store lies in ``mirror``."""

    there: tuple[str, dict[str, Any]] = ("tree", {})  # its engine and settings

    def __init__(self) -> None:
        super().__init__()
        (self.root / "mirror").mkdir(mode=0o755)

    def fleet(self, engine: str, settings: dict[str, Any], ownership: Ownership, changes: dict[str, Any]) -> Fleet:
        """The same fleet, with a replica that keeps more."""
        fleet = super().fleet(engine, settings, ownership, changes)
        kind, own = self.there
        store = make_store(
            "mirror",
            tuple(self.datasets),
            engine=kind,
            path=str(self.root / "mirror"),
            ownership=ownership,
            settings=keepers()[kind].keeper_settings.model_validate(own),
        )
        plan = make_replica(
            "offsite",
            "deployment",
            "target",
            store,
            limits=make_limits(120, largest_file_bytes=50_000_000, reserve_bytes=1_000_000),
            retention=make_retention(last=4),
            maximum_age_seconds=2 * DAYS,
        )
        mirror = replace(fleet.node("target"), name="mirror")
        return replace(fleet, nodes=(*fleet.nodes, mirror), replica_plans=(plan,))

    def install(self, engine: str = "tree", **given: Any) -> Fleet:
        """The capsules of the store, of ``alpha`` and of the replica."""
        fleet = super().install(engine, **given)
        for contribution in replica.contributions(fleet, fleet.replica_plans[0]):
            if contribution.node in ("alpha", "target", "mirror"):
                self.add(contribution.capsules)
            for connection in contribution.connections:
                if connection.edge.client in ("alpha", "mirror"):
                    key = self.root / "ssh" / connection.edge.name
                    key.write_text("key")
                    self.give(fleet, key, connection.key_group)
            for directory in contribution.directories:
                self.command("chmod", f"{directory.mode:o}", directory.path)
        return fleet

    def replicate(self) -> tuple[int, str]:
        """Run ``replicate_offsite`` to its end; its status and what it said."""
        done = self.command(self.root / "bin" / "replicate_offsite")
        return done.returncode, done.stderr

    def held(self) -> list[str]:
        """What the replica keeps."""
        done = self.command(self.root / "bin" / "list_offsite")
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def give(self, fleet: Fleet, key: Path, group: str) -> None:
        """A key is read by the group that uses it."""
        numbers = {replica.topology.data_account(fleet, one).name: fleet.data_numbers[one] for one in self.datasets}
        key.chmod(0o440)
        self.command("chgrp", str(numbers.get(group, 0)), key)


__all__ = ["DAYS", "ReplicaWorld"]
