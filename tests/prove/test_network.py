"""Mutations of a whole plan: whatever is taken away, added or changed on one end of an edge must be noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from generator.inventory.model import Fleet
from generator.plan import (
    Artifact,
    AuthorizedKeys,
    Capsule,
    CronTable,
    FleetPlan,
    Grant,
    KnownHosts,
    LogRotation,
    PrivateKey,
    SudoersFragment,
)
from generator.prove import prove

from .conftest import PROGRAMS, make_capsule, make_plan, with_node

Change = Callable[[Any], tuple[Artifact, ...]]


def mutated(plan: FleetPlan, node: str, kind: type[Artifact], change: Change) -> FleetPlan:
    """``plan`` with the first artifact of ``kind`` on ``node`` replaced by what ``change`` makes of it."""
    nodes = []
    for each in plan.nodes:
        artifacts = list(each.artifacts)
        if each.name == node:
            index = next(at for at, artifact in enumerate(artifacts) if isinstance(artifact, kind))
            artifacts[index : index + 1] = change(artifacts[index])
        nodes.append(replace(each, artifacts=tuple(artifacts)))
    return replace(plan, nodes=tuple(nodes))


def codes(fleet: Fleet, plan: FleetPlan) -> set[str]:
    return {finding.code for finding in prove(fleet, plan).diagnostics}


def first_entry(**changes: Any) -> Change:
    return lambda keys: (replace(keys, entries=(replace(keys.entries[0], **changes), *keys.entries[1:])),)


def first_host(**changes: Any) -> Change:
    return lambda known: (replace(known, hosts=(replace(known.hosts[0], **changes), *known.hosts[1:])),)


def edge_with(**changes: Any) -> Change:
    return lambda key: (replace(key, edge=replace(key.edge, **changes)),)


def gone(_: Any) -> tuple[Artifact, ...]:
    return ()


SOURCE, COLLECTOR = "compute-1", "services-1"


@pytest.mark.parametrize(
    ("node", "kind", "change", "expected"),
    [
        pytest.param(COLLECTOR, PrivateKey, gone, {"C0442"}, id="no key"),
        pytest.param(COLLECTOR, PrivateKey, edge_with(epoch=2), {"C0441", "C0442"}, id="key of another epoch"),
        pytest.param(
            COLLECTOR, PrivateKey, edge_with(client="scc-1"), {"C0441", "C0442"}, id="key of another client"
        ),
        pytest.param(COLLECTOR, PrivateKey, edge_with(server="nowhere"), {"C0441", "C0442"}, id="unknown server"),
        pytest.param(COLLECTOR, KnownHosts, gone, {"C0441"}, id="no pinned hosts"),
        pytest.param(COLLECTOR, KnownHosts, first_host(keys=("ssh-rsa x",)), {"C0441"}, id="another host key"),
        pytest.param(COLLECTOR, KnownHosts, first_host(keys=()), {"C0441"}, id="no host key"),
        pytest.param(COLLECTOR, KnownHosts, first_host(alias="scc-1"), {"C0441", "C0442"}, id="another host"),
        pytest.param(SOURCE, AuthorizedKeys, gone, {"C0441", "C0442"}, id="no authorized keys"),
        pytest.param(SOURCE, AuthorizedKeys, first_entry(addresses=()), {"C0441"}, id="from anywhere"),
        pytest.param(SOURCE, AuthorizedKeys, first_entry(addresses=("10.31.0.31", "*")), {"C0441"}, id="from more"),
        pytest.param(SOURCE, AuthorizedKeys, first_entry(epochs=(1, 2)), {"C0441"}, id="a future epoch accepted"),
        pytest.param(SOURCE, AuthorizedKeys, first_entry(epochs=()), {"C0441"}, id="no epoch accepted"),
        pytest.param(
            SOURCE,
            AuthorizedKeys,
            first_entry(capsule_path="/bin/sh"),
            {"C0441", "C0442", "C0444"},
            id="a shell",
        ),
        pytest.param(
            SOURCE,
            AuthorizedKeys,
            lambda keys: (replace(keys, entries=(*keys.entries, keys.entries[0])),),
            {"C0441"},
            id="one line twice",
        ),
        pytest.param(SOURCE, SudoersFragment, gone, {"C0441"}, id="no sudo rules"),
        pytest.param(
            SOURCE,
            SudoersFragment,
            lambda sudo: (replace(sudo, grants=sudo.grants * 2),),
            {"C0442"},
            id="one sudo rule twice",
        ),
        pytest.param(SOURCE, Capsule, gone, {"C0441", "C0444"}, id="no capsule"),
        pytest.param(
            SOURCE, Capsule, lambda old: (replace(old, name="send_else"),), {"C0441", "C0451"}, id="renamed"
        ),
    ],
)
def test_an_edge_that_is_not_whole(
    fleet: Fleet, node: str, kind: type[Artifact], change: Change, expected: set[str]
) -> None:
    assert codes(fleet, mutated(make_plan(fleet), node, kind, change)) == expected


def test_the_egress_addresses_are_the_clients_own(fleet: Fleet) -> None:
    """The plan was made for the old address; the inventory has a second one."""
    plan = make_plan(fleet)
    fleet = with_node(fleet, COLLECTOR, egress=("10.31.0.31", "192.0.2.9"))
    assert codes(fleet, plan) == {"C0441"}


def test_a_capsule_that_deletes_must_not_be_granted(fleet: Fleet) -> None:
    pruning = make_capsule("prune_nightly", fleet.origin)
    plan = mutated(make_plan(fleet), SOURCE, Capsule, lambda old: (pruning, old))
    grant = Grant(capsule_path=pruning.path, origin=fleet.origin)
    assert codes(fleet, plan) == set()
    plan = mutated(plan, SOURCE, SudoersFragment, lambda sudo: (replace(sudo, grants=(*sudo.grants, grant)),))
    assert codes(fleet, plan) == {"C0442", "C0444"}


def test_two_edges_never_share_a_key_or_its_file(fleet: Fleet) -> None:
    plan = make_plan(fleet)
    second = mutated(plan, COLLECTOR, PrivateKey, lambda key: (key, replace(key, path=f"{key.path}2")))
    assert codes(fleet, second) == {"C0443"}
    same_file = mutated(plan, COLLECTOR, PrivateKey, lambda key: (key, *edge_with(account="root")(key)))
    assert codes(fleet, same_file) == {"C0441", "C0443", "C0451"}


@pytest.mark.parametrize(
    ("previous", "following", "right"),
    [(False, False, (2,)), (True, False, (1, 2)), (False, True, (2, 3)), (True, True, (1, 2, 3))],
)
def test_a_rotation_accepts_what_it_says(
    fleet: Fleet, previous: bool, following: bool, right: tuple[int, ...]
) -> None:
    """Key and line move to epoch 2 together; the keys before and after are accepted exactly if the fleet says so."""
    fleet = replace(fleet, epochs=replace(fleet.epochs, accept_previous=previous, accept_next=following))
    plan = mutated(make_plan(fleet), COLLECTOR, PrivateKey, edge_with(epoch=2))
    collector = next(node for node in plan.nodes if node.name == COLLECTOR)
    edge = next(artifact.edge for artifact in collector.artifacts if isinstance(artifact, PrivateKey))
    fine = []
    for epochs in ((2,), (1, 2), (2, 3), (1, 2, 3), (1,), (0, 1, 2)):
        whole = mutated(plan, edge.server, AuthorizedKeys, first_entry(edge=edge, epochs=epochs))
        said = [one.message for one in prove(fleet, whole).diagnostics]
        fine += [] if any("uses the key of epoch 2" in message for message in said) else [epochs]
    assert fine == [right]


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        pytest.param(CronTable, "/etc/cron.d/capsule-kaizen.new", {"C0454"}, id="cron skips a dot"),
        pytest.param(SudoersFragment, "/etc/sudoers.d/50-capsule-kaizen~", {"C0454"}, id="sudo skips a tilde"),
        pytest.param(LogRotation, "/etc/logrotate.d/capsule-kaizen.bak", {"C0454"}, id="logrotate skips a backup"),
        pytest.param(LogRotation, "/etc/cron.d/capsule-kaizen", {"C0451"}, id="two files at one path"),
        pytest.param(CronTable, f"{PROGRAMS}/bin", {"C0451"}, id="a file where a directory is"),
        pytest.param(CronTable, f"{PROGRAMS}/BIN/send_nightly", {"C0452"}, id="case only"),
        pytest.param(CronTable, "/opt", {"C0451"}, id="a file above directories"),
    ],
)
def test_paths_that_collide_or_are_ignored(fleet: Fleet, kind: type[Artifact], path: str, expected: set[str]) -> None:
    plan = mutated(make_plan(fleet), SOURCE, kind, lambda old: (replace(old, path=path),))
    assert codes(fleet, plan) == expected
