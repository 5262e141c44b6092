"""Store engine `zfs`: one filesystem that is received into, and a snapshot of it for every moment."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from generator.engines.capsules import tool_holes
from generator.engines.settings import EngineSettings
from generator.engines.stores.keepers import ALL_USES, Uses, keeper_holes, optional_word
from generator.inventory.model import DirectedStore, Fleet, Node
from generator.inventory.refusal import refuse
from generator.inventory.values import AbsolutePath
from generator.plan import Fragment, holes
from generator.quoting import ShellWord

# ZFS allows more; blanks and colons would only surprise.
FILESYSTEM = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*\Z")
# What `zpool create` takes for kinds of devices, or for a disk, and refuses as the name of a pool.
RESERVED = re.compile(r"(mirror|raidz|draid|spare)|(log|cache|special|dedup)\Z|c[0-9]")
# What the store makes below its own filesystem.
OURS = re.compile(r"current\Z|opened\.")
LONGEST = 200  # of the 255 characters that ZFS has for a filesystem and its snapshot


def _filesystem(value: str) -> str:
    if not FILESYSTEM.match(value) or len(value) > LONGEST:
        said = f"`{value}` is no name of a pool or a filesystem"
        advice = f"use up to {LONGEST} letters, digits, `_`, `.` and `-`, divided by `/`, the first one a letter"
        raise refuse("C0219", said, advice)
    pool, *below = value.split("/")
    if RESERVED.match(pool):
        advice = "call it otherwise: names of kinds of devices, and what begins like one or like a disk, are reserved"
        raise refuse("C0219", f"ZFS makes no pool that is called `{pool}`", advice)
    if any(OURS.match(step) for step in below):
        said = f"`{value}` has the name of what a store makes below its own filesystem"
        raise refuse("C0219", said, "name the filesystem above it, or another: `current` is made by itself")
    return value


Filesystem: TypeAlias = Annotated[str, AfterValidator(_filesystem)]


class ZfsKeeperSettings(EngineSettings):
    """What a `zfs` store says besides its path, which is where ``pool`` is mounted."""

    pool: Filesystem = Field(description="the pool, or a filesystem of it, that is mounted at the path")
    device: AbsolutePath | None = Field(
        default=None, description="where the pool may be made if there is none; never over anything"
    )
    compression: (
        Literal["on", "off", "lz4", "zstd", "zle", "gzip"]
        | Annotated[str, Field(pattern=r"^(?:gzip-[1-9]|zstd-(?:[1-9]|1[0-9]))$")]
    ) = Field(default="gzip-7", description="how data is compressed, where the pool or filesystem is made")
    attributes: bool = Field(
        default=True, description="whether it keeps ACLs and extended attributes; ZFS through FUSE does not"
    )


class ZfsEngine:
    """Keeps moments as snapshots of a filesystem; it has no plans of its own."""

    name = "zfs"
    keeper_settings: type[EngineSettings] = ZfsKeeperSettings
    scrubs = True

    def keeper_packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the keeper needs."""
        return ("attr", "mount", "util-linux", "zfsutils-linux")

    def keeper(self, fleet: Fleet, plan: str, store: DirectedStore, uses: Uses = ALL_USES) -> Fragment:  # noqa: ARG002
        """The bash functions that keep moments as snapshots."""
        settings = store.settings
        assert isinstance(settings, ZfsKeeperSettings)
        pool, _, nested = settings.pool.partition("/")
        device = settings.device
        return Fragment(
            template="stores/zfs_keeper.sh.j2",
            holes=holes(
                **keeper_holes(fleet, store, uses),
                pool=ShellWord.of(pool),
                filesystem=ShellWord.of(settings.pool),
                nested=bool(nested),
                # A pool that only carries filesystems is mounted nowhere itself.
                pool_mount=ShellWord.of("none" if nested else store.path),
                device=optional_word(device),
                device_directory=optional_word(device and device.rpartition("/")[0]),
                compression=optional_word(settings.compression),
                attributes=settings.attributes,
            ),
        )

    def keeper_claims(self, settings: EngineSettings) -> tuple[str, ...]:
        """What no other store of the node may use besides its path."""
        assert isinstance(settings, ZfsKeeperSettings)
        return (f"the filesystem {settings.pool}",)

    def sending(self, fleet: Fleet, store: DirectedStore) -> Fragment:  # noqa: ARG002  # the same everywhere
        """The bash functions that make streams of what is stored."""
        return Fragment(template="stores/zfs_send.sh.j2", holes=holes())

    def receiving(self, fleet: Fleet, store: DirectedStore) -> Fragment:
        """The bash functions that store streams."""
        return Fragment(template="stores/zfs_receive.sh.j2", holes=holes(tools=tool_holes(fleet.node(store.node))))


ENGINE = ZfsEngine()
