"""Store engine `zfs`: one filesystem that is received into, and a snapshot of it for every moment."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from generator.engines.capsules import tool_holes
from generator.engines.settings import EngineSettings
from generator.engines.stores.keepers import ALL_USES, Uses, keeper_holes, optional_word
from generator.inventory.model import DirectedStore, Fleet, Node
from generator.inventory.values import AbsolutePath
from generator.plan import Fragment, holes
from generator.quoting import ShellWord

# ZFS allows more; blanks and colons would only surprise.
Filesystem: TypeAlias = Annotated[
    str,
    Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,62}(/[A-Za-z0-9][A-Za-z0-9_.-]{0,62})*$", max_length=200),
]


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
