"""Snapshots `zfs`: of one filesystem of ZFS."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from generator.engines.capsules import tool_holes
from generator.engines.settings import EngineSettings
from generator.inventory.model import Dataset, Fleet, Node
from generator.inventory.refusal import refuse
from generator.plan import Fragment, Hole, holes
from generator.quoting import ShellWord

FILESYSTEM = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]*(/[A-Za-z0-9_.:-]+)*\Z")
LONGEST = 190  # of the 255 characters that ZFS has for a filesystem and its snapshot


def _filesystem(value: str) -> str:
    if not FILESYSTEM.match(value) or len(value) > LONGEST:
        raise refuse("C0219", f"`{value}` is not a filesystem of ZFS", "write it as `zfs list` does: tank/data")
    return value


Filesystem: TypeAlias = Annotated[str, AfterValidator(_filesystem)]


class ZfsSettings(EngineSettings):
    """The filesystem that the dataset lies on."""

    filesystem: Filesystem = Field(description="the filesystem that the data lies on, such as tank/data")


class ZfsSnapshots:
    """Snapshots one filesystem; what is mounted inside is another dataset."""

    name = "zfs"
    settings: type[EngineSettings] = ZfsSettings
    send_seconds = 10

    def packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the functions need on ``node``."""
        return ("zfsutils-linux",)

    def functions(self, node: Node) -> tuple[Fragment, ...]:
        """The bash functions of the contract."""
        return (Fragment(template="snapshots/zfs_functions.sh.j2", holes=holes(tools=tool_holes(node))),)

    def arguments(self, fleet: Fleet, plan: str, dataset: Dataset) -> tuple[Hole, ...]:  # noqa: ARG002
        """The filesystem."""
        assert dataset.snapshot is not None
        settings = dataset.snapshot.settings
        assert isinstance(settings, ZfsSettings)
        return (ShellWord.of(settings.filesystem),)


ENGINE = ZfsSnapshots()
