"""Engines that stand in for those that have not been written yet."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from generator.engines import discovery
from generator.engines.settings import EngineSettings
from generator.inventory.values import Size


class Lvm(EngineSettings):
    group: str
    volume: str
    size: Size


class Gluster(EngineSettings):
    volume: str


class Zfs(EngineSettings):
    pool: str
    device: str | None = None
    compression: str = "lz4"


@pytest.fixture(autouse=True)
def _engines(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshots = {
        n: SimpleNamespace(settings=s) for n, s in (("lvm", Lvm), ("gluster", Gluster), ("plain", EngineSettings))
    }
    keepers = {"zfs": SimpleNamespace(keeper_settings=Zfs), "tree": SimpleNamespace(keeper_settings=EngineSettings)}
    for module in ("datasets", "plan_common", "directed_checks"):
        for name, known in (("snapshots", snapshots), ("keepers", keepers)):
            real = getattr(discovery, name)()
            monkeypatch.setattr(f"generator.inventory.{module}.{name}", lambda k={**known, **real}: k, raising=False)
