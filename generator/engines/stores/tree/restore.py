"""Restoring: what root runs on a node to get its own data back."""

from __future__ import annotations

from generator.engines.contribution import Contribution
from generator.inventory.model import CollectPlan, Fleet, ProtectPlan


def from_collection(fleet: Fleet, plan: CollectPlan) -> tuple[Contribution, ...]:
    """Capsules that pull from the node of ``plan``."""
    return ()


def from_local(fleet: Fleet, plan: ProtectPlan) -> tuple[Contribution, ...]:
    """Capsules that restore from the local tree of each node of ``plan``."""
    return ()
