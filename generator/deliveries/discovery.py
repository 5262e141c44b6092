"""Finds deliveries: every module of this package that defines ``DELIVERY`` or ``FLEET_DELIVERY`` is one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from generator.deliveries.protocol import Delivery, FleetDelivery


@cache
def deliveries() -> Mapping[str, Delivery]:
    """Every delivery that gives each node files of its own, by name."""
    return cast("dict[str, Delivery]", _discover("DELIVERY"))


@cache
def fleet_deliveries() -> Mapping[str, FleetDelivery]:
    """Every delivery that serves the fleet as a whole, by name."""
    return cast("dict[str, FleetDelivery]", _discover("FLEET_DELIVERY"))


def _discover(attribute: str) -> dict[str, Any]:
    package = importlib.import_module("generator.deliveries")
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        delivery = getattr(importlib.import_module(f"generator.deliveries.{module.name}"), attribute, None)
        if delivery is not None:
            found[delivery.name] = delivery
    return dict(sorted(found.items()))
