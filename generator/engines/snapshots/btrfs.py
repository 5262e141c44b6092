"""Snapshots `btrfs`: read-only snapshots of a subvolume."""

from __future__ import annotations

from generator.engines.capsules import tool_holes
from generator.engines.settings import EngineSettings
from generator.inventory.model import Dataset, Fleet, Node
from generator.plan import Fragment, Hole, holes


class BtrfsSnapshots:
    """Snapshots the subvolume that the dataset's path is; what is a subvolume inside it is another dataset."""

    name = "btrfs"
    settings: type[EngineSettings] = EngineSettings
    send_seconds = 10

    def packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the functions need on ``node``."""
        return ("btrfs-progs",)

    def functions(self, node: Node) -> tuple[Fragment, ...]:
        """The bash functions of the contract."""
        return (Fragment(template="snapshots/btrfs_functions.sh.j2", holes=holes(tools=tool_holes(node))),)

    def arguments(self, fleet: Fleet, plan: str, dataset: Dataset) -> tuple[Hole, ...]:  # noqa: ARG002
        """What the engine is called with for ``dataset``: nothing, its path says everything."""
        return ()


ENGINE = BtrfsSnapshots()
