"""Store engine `btrfs`: one subvolume that is received into, and a read-only snapshot of it for every moment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from generator.engines.capsules import tool_holes
from generator.engines.settings import EngineSettings
from generator.engines.stores.keepers import ALL_USES, Uses, keeper_holes, optional_word
from generator.inventory.model import DirectedStore, Fleet, Node
from generator.inventory.values import AbsolutePath
from generator.plan import Fragment, holes


class BtrfsKeeperSettings(EngineSettings):
    """What a `btrfs` store may say besides its path."""

    mountpoint: AbsolutePath | None = Field(default=None, description="must be mounted, else nothing is stored")
    compression: Literal["zlib", "lzo", "zstd"] | None = Field(
        default=None, description="how new data is compressed, when the store is made"
    )


class BtrfsEngine:
    """Keeps moments as snapshots of a subvolume; it has no plans of its own."""

    name = "btrfs"
    keeper_settings: type[EngineSettings] = BtrfsKeeperSettings
    scrubs = True

    def keeper_packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the keeper needs."""
        return ("attr", "btrfs-progs", "util-linux")

    def keeper(self, fleet: Fleet, plan: str, store: DirectedStore, uses: Uses = ALL_USES) -> Fragment:  # noqa: ARG002
        """The bash functions that keep moments as snapshots."""
        settings = store.settings
        assert isinstance(settings, BtrfsKeeperSettings)
        return Fragment(
            template="stores/btrfs_keeper.sh.j2",
            holes=holes(
                **keeper_holes(fleet, store, uses),
                mountpoint=optional_word(settings.mountpoint),
                compression=optional_word(settings.compression),
            ),
        )

    def keeper_claims(self, settings: EngineSettings) -> tuple[str, ...]:  # noqa: ARG002  # it has nothing else
        """What no other store of the node may use besides its path."""
        return ()

    def sending(self, fleet: Fleet, store: DirectedStore) -> Fragment:  # noqa: ARG002  # the same everywhere
        """The bash functions that make streams of what is stored."""
        return Fragment(template="stores/btrfs_send.sh.j2", holes=holes())

    def receiving(self, fleet: Fleet, store: DirectedStore) -> Fragment:
        """The bash functions that store streams."""
        return Fragment(template="stores/btrfs_receive.sh.j2", holes=holes(tools=tool_holes(fleet.node(store.node))))


ENGINE = BtrfsEngine()
