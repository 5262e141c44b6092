"""Keeping whole moments as directories: for directed and replica plans."""

from __future__ import annotations

from pydantic import Field

from generator.engines.settings import EngineSettings
from generator.engines.stores.keepers import Uses, keeper_holes, optional_word
from generator.inventory.model import DirectedStore, Fleet
from generator.inventory.values import AbsolutePath
from generator.plan import Fragment, holes


class TreeKeeperSettings(EngineSettings):
    """What a `tree` store of a directed plan may say besides its path."""

    mountpoint: AbsolutePath | None = Field(default=None, description="must be mounted, else nothing is stored")


def keeper(fleet: Fleet, store: DirectedStore, uses: Uses) -> Fragment:
    """The bash functions that keep moments as directories, hard-linked against each other."""
    settings = store.settings
    mountpoint = settings.mountpoint if isinstance(settings, TreeKeeperSettings) else None
    return Fragment(
        template="stores/tree_keeper.sh.j2",
        holes=holes(**keeper_holes(fleet, store, uses), mountpoint=optional_word(mountpoint)),
    )
