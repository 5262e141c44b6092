"""Finds deliveries: every module of this package that defines ``DELIVERY`` is one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from generator.deliveries.protocol import Delivery


@cache
def deliveries() -> Mapping[str, Delivery]:
    """Every delivery by name."""
    package = importlib.import_module("generator.deliveries")
    found: dict[str, Delivery] = {}
    for module in pkgutil.iter_modules(package.__path__):
        delivery = getattr(importlib.import_module(f"generator.deliveries.{module.name}"), "DELIVERY", None)
        if delivery is not None:
            found[delivery.name] = delivery
    return dict(sorted(found.items()))
