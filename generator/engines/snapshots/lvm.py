"""Snapshots `lvm`: classic snapshots of a logical volume, of a size that the inventory gives."""

from __future__ import annotations

from pydantic import Field

from generator.engines.capsules import tool_holes
from generator.engines.settings import EngineSettings
from generator.engines.snapshots.volumes import GroupName, SnapshotSize, VolumeName, common_functions
from generator.inventory.model import Dataset, Fleet, Node
from generator.plan import Fragment, Hole, holes
from generator.quoting import ShellWord


class LvmSettings(EngineSettings):
    """The volume that the dataset lies on, and how much may be written to it while its snapshot exists."""

    group: GroupName = Field(description="the volume group")
    volume: VolumeName = Field(description="the logical volume that the data lies on")
    size: SnapshotSize = Field(
        description="space for what is written while there is a snapshot; once full, the part fails"
    )


class LvmSnapshots:
    """Snapshots a whole logical volume; an overflow fails the part."""

    name = "lvm"
    settings: type[EngineSettings] = LvmSettings
    send_seconds = 10

    def packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the functions need on ``node``."""
        return ("lvm2", "util-linux")

    def functions(self, node: Node) -> tuple[Fragment, ...]:
        """The bash functions of the contract."""
        return (
            common_functions(node),
            Fragment(template="snapshots/lvm_functions.sh.j2", holes=holes(tools=tool_holes(node))),
        )

    def arguments(self, fleet: Fleet, plan: str, dataset: Dataset) -> tuple[Hole, ...]:  # noqa: ARG002
        """Volume group, logical volume, and the snapshot's size in bytes."""
        assert dataset.snapshot is not None
        settings = dataset.snapshot.settings
        assert isinstance(settings, LvmSettings)
        return (ShellWord.of(settings.group), ShellWord.of(settings.volume), ShellWord.of(str(settings.size)))


ENGINE = LvmSnapshots()
