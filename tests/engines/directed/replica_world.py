"""A store, one of its sources, a replica, and a replica of that, in one mount namespace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from fleets import make_limits, make_replica, make_retention, make_store
from restore_world import RestoreWorld

from generator.engines.directed import replica
from generator.engines.discovery import keepers
from generator.inventory.model import Fleet, Ownership, ReplicaPlan

DAYS = 86400
# Each replica by its plan: its node, and the plan and the node that it pulls from.
REPLICAS = {"offsite": ("mirror", "deployment", "target"), "archive": ("vault", "offsite", "mirror")}


class ReplicaWorld(RestoreWorld):
    """The nodes ``mirror``, with the plan ``offsite``, and ``vault``, with its replica, the plan ``archive``."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: dict[str, tuple[str, dict[str, Any]]] = {}  # engine and settings of each of them: none is none
        for node, _, _ in REPLICAS.values():
            (self.root / node).mkdir(mode=0o755)

    def fleet(self, engine: str, settings: dict[str, Any], ownership: Ownership, changes: dict[str, Any]) -> Fleet:
        """The same fleet, with replicas that keep more."""
        fleet = super().fleet(engine, settings, ownership, changes)
        plans = tuple(
            self._plan(name, *place, ownership) for name, place in REPLICAS.items() if place[0] in self.kinds
        )
        nodes = (replace(fleet.node("target"), name=plan.store.node) for plan in plans)
        return replace(fleet, nodes=(*fleet.nodes, *nodes), replica_plans=plans)

    def _plan(self, name: str, node: str, replicates: str, upstream: str, ownership: Ownership) -> ReplicaPlan:
        kind, settings = self.kinds[node]
        store = make_store(
            node,
            tuple(self.datasets),
            engine=kind,
            path=str(self.root / node),
            ownership=ownership,
            settings=keepers()[kind].keeper_settings.model_validate(settings),
        )
        return make_replica(
            name,
            "deployment",
            upstream,
            store,
            replicates=replicates,
            limits=make_limits(900, largest_file_bytes=50_000_000, reserve_bytes=1_000_000),
            retention=make_retention(last=4),
            maximum_age_seconds=2 * DAYS,
        )

    def install(self, engine: str = "tree", **given: Any) -> Fleet:
        """The capsules of the store, of ``alpha`` and of the replicas."""
        fleet = super().install(engine, **given)
        here = {"alpha", "target", *self.kinds}
        for contribution in (one for plan in fleet.replica_plans for one in replica.contributions(fleet, plan)):
            if contribution.node in here:
                self.add(contribution.capsules)
            for connection in contribution.connections:
                if connection.edge.client in here:
                    key = self.root / "ssh" / connection.edge.name
                    key.write_text("key")
                    self.give(fleet, key, connection.key_group)
            for directory in contribution.directories:
                self.command("chmod", f"{directory.mode:o}", directory.path)
        return fleet

    def replicate(self, plan: str = "offsite") -> tuple[int, str]:
        """Run a replica to its end; its status and what it said."""
        done = self.command(self.root / "bin" / f"replicate_{plan}")
        return done.returncode, done.stderr

    def held(self, plan: str = "offsite") -> list[str]:
        """What a replica keeps."""
        done = self.command(self.root / "bin" / f"list_{plan}")
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def give(self, fleet: Fleet, key: Path, group: str) -> None:
        """A key is read by the group that uses it."""
        numbers = {replica.topology.data_account(fleet, one).name: fleet.data_numbers[one] for one in self.datasets}
        key.chmod(0o440)
        self.command("chgrp", str(numbers.get(group, 0)), key)


__all__ = ["DAYS", "ReplicaWorld"]
