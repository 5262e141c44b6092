"""What ``list_backups`` says of backups that the inventory no longer knows."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from generator.engines.contribution import Contribution
from generator.engines.node_capsules import node_capsules
from generator.engines.producers.paths import PathsSettings
from generator.engines.stores.tree import ENGINE
from generator.inventory.model import Dataset, Fleet
from generator.plan import Origin

from .network_world import World, day

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="trees belong to root")
ORIGIN = Origin(path="test")


def install(world: World, node: str, fleet: Fleet) -> None:
    parts = [*ENGINE.protect(fleet, fleet.protect_plans[0]), *ENGINE.collect(fleet, fleet.collect_plans[0])]
    own = tuple(part for part in parts if part.node == node)
    world.install(fleet, [*own, Contribution(node=node, capsules=node_capsules(fleet, fleet.node(node), own))])


def make_fleet(world: World) -> Fleet:
    dataset = Dataset(
        name="etc",
        producer="paths",
        settings=PathsSettings(paths=("/etc",)),
        mountpoint=None,
        canary=None,
        shrink_limit_percent=50,
        origin=ORIGIN,
    )
    nodes = [world.node(name, (dataset,)) for name in ("alpha", "beta")]
    return world.fleet(nodes=[*nodes, world.node("collector"), world.node("second")])


def test_a_renamed_dataset_and_a_node_that_is_gone_are_named(world: World) -> None:
    fleet = make_fleet(world)
    install(world, "collector", fleet)
    store = Path(fleet.collect_plans[0].path)
    for name in (f"alpha/{day(0)}/etc", f"alpha/{day(-1)}/conf", f"beta/{day(0)}/etc", f"gone/{day(-3)}/etc"):
        (store / name).mkdir(parents=True)
    (store / "alpha" / day(0) / "link").symlink_to("/etc")
    done = world.run("collector", "list_backups")
    assert (done.returncode, done.stderr) == (0, "")
    (gone,) = (line for line in done.stdout.splitlines() if " gone " in line and day(-3) in line)
    assert "complete, not in this build" in gone
    noted = done.stdout.partition("Kept, and not in the inventory")[2].splitlines()[1:]
    assert noted == [
        f"  dataset conf of alpha, last in {store}/alpha/{day(-1)}",
        f"  node gone, its backups in {store}/gone",
    ]


def test_what_the_inventory_knows_is_listed_without_remarks(world: World) -> None:
    fleet = make_fleet(world)
    install(world, "alpha", fleet)
    (world.local_tree("alpha") / day(0) / "etc").mkdir(parents=True)
    done = world.run("alpha", "list_backups")
    assert (done.returncode, "not in" in done.stdout, day(0) in done.stdout) == (0, False, True)
    other = replace(fleet.node("alpha").datasets[0], name="conf")
    nodes = tuple(replace(node, datasets=(other,)) if node.name == "alpha" else node for node in fleet.nodes)
    install(world, "alpha", replace(fleet, nodes=nodes))
    assert "dataset etc of alpha" in world.run("alpha", "list_backups").stdout
