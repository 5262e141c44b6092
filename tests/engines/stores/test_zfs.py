"""What the ZFS store takes for the name of a pool, and what it refuses before ZFS would."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from generator.engines.stores.zfs import ZfsKeeperSettings


@pytest.mark.parametrize("pool", ["backup", "backup/uat", "Tank_1/a.b-c", "logs", "cached", "data/log", "cc1"])
def test_names_that_zfs_takes(pool: str) -> None:
    assert ZfsKeeperSettings(pool=pool).pool == pool


@pytest.mark.parametrize(
    ("pool", "said"),
    [
        *((name, "ZFS makes no pool") for name in ("mirror", "mirror-1", "raidz2", "draid", "spares/uat")),
        *((name, "ZFS makes no pool") for name in ("log", "cache/uat", "special", "dedup", "c0t0d0")),
        *((name, "is no name of a pool") for name in ("", "1pool", "a//b", "a/", "a/../b", "a@b", "a b", "a" * 201)),
        *((name, "what a store makes below") for name in ("backup/current", "backup/current/uat", "a/opened.x")),
    ],
)
def test_names_that_zfs_refuses_or_that_are_taken(pool: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ZfsKeeperSettings(pool=pool)
