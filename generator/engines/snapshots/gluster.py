"""Snapshots `gluster`: of a volume of GlusterFS, whose bricks lie on thin logical volumes."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from generator.engines.capsules import tool_holes
from generator.engines.settings import EngineSettings
from generator.engines.snapshots.volumes import Percent, common_functions
from generator.inventory.model import Dataset, Fleet, Node
from generator.inventory.refusal import refuse
from generator.plan import Fragment, Hole, holes
from generator.quoting import ShellWord

VOLUME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}\Z")


def _volume(value: str) -> str:
    if not VOLUME.match(value):
        raise refuse(
            "C0219", f"`{value}` is not a volume of Gluster", "write its name, as `gluster volume list` does"
        )
    return value


GlusterVolume: TypeAlias = Annotated[str, AfterValidator(_volume)]


class GlusterSettings(EngineSettings):
    """The volume that the dataset lies in, and how full the pools of this node's bricks may be."""

    volume: GlusterVolume = Field(description="the volume of Gluster that the data lies in, mounted on this node")
    data_limit: Percent = Field(default=80, description="percent of a brick's pool above which there is no snapshot")
    metadata_limit: Percent = Field(default=80, description="the same for the pool's metadata")


class GlusterSnapshots:
    """Snapshots a whole volume on all its nodes, ordered by one of them, which mounts it as a client."""

    name = "gluster"
    settings: type[EngineSettings] = GlusterSettings
    send_seconds = 40  # it is activated and mounted first, by daemons that take their time

    def packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the functions need on ``node``."""
        return ("glusterfs-cli", "glusterfs-client", "lvm2")

    def functions(self, node: Node) -> tuple[Fragment, ...]:
        """The bash functions of the contract."""
        own = Fragment(template="snapshots/gluster_functions.sh.j2", holes=holes(tools=tool_holes(node)))
        return (common_functions(node), own)

    def arguments(self, fleet: Fleet, plan: str, dataset: Dataset) -> tuple[Hole, ...]:  # noqa: ARG002
        """The volume, and the limits of its bricks' pools in percent."""
        assert dataset.snapshot is not None
        settings = dataset.snapshot.settings
        assert isinstance(settings, GlusterSettings)
        words = (settings.volume, str(settings.data_limit), str(settings.metadata_limit))
        return tuple(ShellWord.of(word) for word in words)


ENGINE = GlusterSnapshots()
