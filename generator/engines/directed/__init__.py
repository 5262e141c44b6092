"""Directed plans: one moment of a whole fleet, ordered by a director, pulled by stores, restored by its sources.

Each module gives ``contributions(fleet, plan)``; this package puts them together.
"""

from __future__ import annotations

from collections.abc import Callable

from generator.engines.contribution import Contribution
from generator.engines.directed import director, quiesce, replica, restore, source, store
from generator.inventory.model import DirectedPlan, Fleet, ReplicaPlan

DIRECTED: tuple[Callable[[Fleet, DirectedPlan], tuple[Contribution, ...]], ...] = (
    director.contributions,
    source.contributions,
    quiesce.contributions,
    store.contributions,
    restore.contributions,
)
REPLICATED: tuple[Callable[[Fleet, ReplicaPlan], tuple[Contribution, ...]], ...] = (replica.contributions,)


def directed(fleet: Fleet, plan: DirectedPlan) -> tuple[Contribution, ...]:
    """Contributions of a plan by which a director has one moment of many nodes kept."""
    return tuple(contribution for part in DIRECTED for contribution in part(fleet, plan))


def replicated(fleet: Fleet, plan: ReplicaPlan) -> tuple[Contribution, ...]:
    """Contributions of a plan that pulls what a store of a directed plan keeps."""
    return tuple(contribution for part in REPLICATED for contribution in part(fleet, plan))
