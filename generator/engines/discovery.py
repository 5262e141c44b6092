"""Finds engines: every module of an engine package that defines ``ENGINE`` is one."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.engines.protocols import KeeperEngine, ProducerEngine, QuiescerEngine, SnapshotEngine, StoreEngine


@cache
def producers() -> Mapping[str, ProducerEngine]:
    """Every producer engine by name."""
    return cast("dict[str, ProducerEngine]", _discover("generator.engines.producers"))


@cache
def stores() -> Mapping[str, StoreEngine]:
    """Every store engine that plans for single nodes can use, by name."""
    found = _discover("generator.engines.stores")
    return cast("dict[str, StoreEngine]", {name: one for name, one in found.items() if hasattr(one, "protect")})


@cache
def keepers() -> Mapping[str, KeeperEngine]:
    """Every store engine that directed and replica plans can use, by name."""
    found = _discover("generator.engines.stores")
    return cast("dict[str, KeeperEngine]", {name: one for name, one in found.items() if hasattr(one, "keeper")})


@cache
def snapshots() -> Mapping[str, SnapshotEngine]:
    """Every snapshot engine by name."""
    return cast("dict[str, SnapshotEngine]", _discover("generator.engines.snapshots"))


@cache
def quiescers() -> Mapping[str, QuiescerEngine]:
    """Every quiescer engine by name."""
    return cast("dict[str, QuiescerEngine]", _discover("generator.engines.quiescers"))


def _discover(package_name: str) -> dict[str, Any]:
    package = importlib.import_module(package_name)
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        engine = getattr(importlib.import_module(f"{package_name}.{module.name}"), "ENGINE", None)
        if engine is not None:
            found[engine.name] = engine
    return dict(sorted(found.items()))
