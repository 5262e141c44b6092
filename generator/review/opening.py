"""What a node's page begins with: what the fleet says of the node, before what its files say; pure."""

from __future__ import annotations

from collections.abc import Mapping

from generator.inventory.model import Fleet
from generator.review.direction import direction
from generator.review.keeping import keeping
from generator.review.protection import protection
from generator.review.summary import Section


def opening(fleet: Fleet) -> Mapping[str, tuple[Section, ...]]:
    """The first sections of each node's page, by its name: what is protected, kept and ordered, and how."""
    protected, kept, directed = protection(fleet), keeping(fleet), direction(fleet)
    return {
        node.name: (
            *((protected[node.name],) if node.name in protected else ()),
            *((kept[node.name],) if node.name in kept else ()),
            *directed.get(node.name, ()),
        )
        for node in fleet.nodes
    }
