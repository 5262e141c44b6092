"""Two deployments of one inventory, uat and prod, use one store without touching each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.engines.directed.names import part_name, planned_datasets
from generator.inventory import load
from generator.inventory.model import Fleet
from generator.keys import FleetSecret, Keyring
from generator.lowering import lower
from generator.plan import AuthorizedKeys, NodePlan, PrivateKey
from tests.inventory.fleets import load_text

SBDI = Path(__file__).parents[2] / "inventory/sbdi.yml"
SHARED = "backup-target"


def production() -> Fleet:
    """The example as a person would write it for production: another prefix, operator and store on the same node."""
    text = SBDI.read_text()
    for old, new in (
        ("deployment_prefix: uat", "deployment_prefix: prod"),
        ("name: backupoperator", "name: prodoperator\n  home: /var/lib/prodoperator"),
        ("number: 1901", "number: 1902"),
        ("path: /backup, pool: backup,", "path: /prod-backup, pool: prod,"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    fleet = load_text(text).fleet
    assert fleet is not None
    return fleet


@pytest.fixture(scope="module")
def fleets() -> tuple[Fleet, Fleet]:
    uat = load(SBDI).fleet
    assert uat is not None
    return uat, production()


def node_of(fleet: Fleet) -> NodePlan:
    return next(node for node in lower(fleet).nodes if node.name == SHARED)


def test_no_file_account_or_store_is_shared(fleets: tuple[Fleet, Fleet]) -> None:
    uat, prod = map(node_of, fleets)
    for what in (
        lambda node: {one.path for one in node.artifacts},
        lambda node: {one.path for one in node.directories},
        lambda node: {one.name for one in node.accounts},
        lambda node: {one.number for one in node.accounts},
    ):
        assert what(uat)
        assert not what(uat) & what(prod)


def test_every_key_differs_even_with_one_secret(fleets: tuple[Fleet, Fleet]) -> None:
    public = []
    for fleet in fleets:
        keyring = Keyring(FleetSecret(b"test" * 8), fleet.deployment)
        edges = {one.edge for node in lower(fleet).nodes for one in node.artifacts if isinstance(one, PrivateKey)}
        public.append({keyring.public_key(edge) for edge in edges})
    assert public[0]
    assert not public[0] & public[1]


def test_a_node_lets_in_its_own_deployment_only(fleets: tuple[Fleet, Fleet]) -> None:
    for fleet in fleets:
        for one in node_of(fleet).artifacts:
            if isinstance(one, AuthorizedKeys):
                assert one.path.startswith(fleet.operator.home)
                assert all(f"/{fleet.deployment}/" in entry.capsule_path for entry in one.entries)


def test_parts_have_the_same_names_in_both(fleets: tuple[Fleet, Fleet]) -> None:
    """What one deployment keeps is restored in the other without changing anything."""
    named = [
        {
            part_name(source, dataset)
            for plan in fleet.directed_plans
            for source in plan.sources
            for dataset in planned_datasets(plan, fleet.node(source))
        }
        for fleet in fleets
    ]
    assert named[0] == named[1]
    assert "cassandra-1@+docker_local" in named[0]
    assert "manager-1@+docker" in named[0]
