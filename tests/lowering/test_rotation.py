"""A rotation in three builds: whatever order nodes are pushed in, every connection works between any two pushes."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path

import pytest

from generator.inventory import load
from generator.inventory.model import KeyEpochs
from generator.lowering import lower
from generator.plan import AuthorizedKeys, Edge, FleetPlan, PrivateKey

EXAMPLES = Path(__file__).parents[2] / "inventory"
STEPS = (
    KeyEpochs(current=1, accept_previous=False, edges={}),
    KeyEpochs(current=1, accept_previous=False, accept_next=True, edges={}),
    KeyEpochs(current=2, accept_previous=True, edges={}),
    KeyEpochs(current=2, accept_previous=False, edges={}),
)


def held(plan: FleetPlan, node: str) -> set[Edge]:
    """The keys that the node has."""
    artifacts = next(one for one in plan.nodes if one.name == node).artifacts
    return {one.edge for one in artifacts if isinstance(one, PrivateKey)}


def accepted(plan: FleetPlan, node: str) -> set[Edge]:
    """The keys that open the node."""
    artifacts = next(one for one in plan.nodes if one.name == node).artifacts
    lines = [line for one in artifacts if isinstance(one, AuthorizedKeys) for line in one.entries]
    return {replace(line.edge, epoch=epoch) for line in lines for epoch in line.epochs}


@pytest.mark.parametrize("example", ["kaizen.yml", "sbdi.yml"])
def test_every_key_opens_its_server_between_any_two_pushes(example: str) -> None:
    fleet = load(EXAMPLES / example).fleet
    assert fleet is not None
    builds = [lower(replace(fleet, epochs=step)) for step in STEPS]
    nodes = [node.name for node in builds[0].nodes]
    chance = random.Random(example)
    connections = 0
    for before, after in itertools.pairwise(builds):
        for _ in range(12):
            opens = {name: accepted(before, name) for name in nodes}
            keys = {name: held(before, name) for name in nodes}
            for name in chance.sample(nodes, len(nodes)):
                opens[name], keys[name] = accepted(after, name), held(after, name)
                shut = [edge for mine in keys.values() for edge in mine if edge not in opens[edge.server]]
                assert shut == []
                connections += 1
    assert connections == 3 * 12 * len(nodes)
    for name in nodes:
        assert not {edge for edge in accepted(builds[-1], name) if edge.epoch == 1}
