"""Snapshots `lvm-thin`: of a thin logical volume, while its pool has room."""

from __future__ import annotations

from pydantic import Field

from generator.engines.capsules import tool_holes
from generator.engines.settings import EngineSettings
from generator.engines.snapshots.volumes import GroupName, Percent, VolumeName, common_functions
from generator.inventory.model import Dataset, Fleet, Node
from generator.plan import Fragment, Hole, holes
from generator.quoting import ShellWord


class LvmThinSettings(EngineSettings):
    """The volume that the dataset lies on, and how full its pool may be while there is a snapshot."""

    group: GroupName = Field(description="the volume group")
    volume: VolumeName = Field(description="the thin logical volume that the data lies on")
    data_limit: Percent = Field(default=80, description="percent of the pool's data above which there is no snapshot")
    metadata_limit: Percent = Field(default=80, description="the same for the pool's metadata")


class LvmThinSnapshots:
    """Snapshots a whole thin volume; a pool that fills up fails the part before it fails its volumes."""

    name = "lvm-thin"
    settings: type[EngineSettings] = LvmThinSettings
    send_seconds = 10

    def packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the functions need on ``node``."""
        return ("lvm2", "util-linux")

    def functions(self, node: Node) -> tuple[Fragment, ...]:
        """The bash functions of the contract."""
        own = Fragment(template="snapshots/lvm_thin_functions.sh.j2", holes=holes(tools=tool_holes(node)))
        return (common_functions(node), own)

    def arguments(self, fleet: Fleet, plan: str, dataset: Dataset) -> tuple[Hole, ...]:  # noqa: ARG002
        """Volume group, logical volume, and the limits of its pool in percent."""
        assert dataset.snapshot is not None
        settings = dataset.snapshot.settings
        assert isinstance(settings, LvmThinSettings)
        words = (settings.group, settings.volume, str(settings.data_limit), str(settings.metadata_limit))
        return tuple(ShellWord.of(word) for word in words)


ENGINE = LvmThinSnapshots()
