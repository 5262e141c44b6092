"""What a plan puts on its sources: capsules, permissions, names that no two snapshots share."""

from __future__ import annotations

from dataclasses import replace

from fleets import HERE, make_dataset, make_directed, make_fleet, make_node, make_store

from generator.engines.directed import source
from generator.engines.directed.exclusion import part_excludes
from generator.engines.discovery import snapshots
from generator.engines.producers.paths import PathsSettings
from generator.engines.stores.tree.topology import data_account
from generator.inventory.model import Dataset, DirectedPlan, Fleet, Ownership, Snapshot


def make_part(name: str, path: str, engine: str = "", exclude: tuple[str, ...] = (), **settings: object) -> Dataset:
    frozen = None
    if engine:
        read = snapshots()[engine].settings.model_validate(settings)
        frozen = Snapshot(engine=engine, settings=read, mount="", origin=HERE)
    return make_dataset(name, settings=PathsSettings(paths=(path,), exclude=exclude), snapshot=frozen)


def sample(**store: object) -> tuple[Fleet, DirectedPlan]:
    parts = (
        make_part("docker", "/docker", "gluster", volume="docker"),
        make_part("local", "/docker_local", "lvm", group="vg", volume="lv", size="20G"),
    )
    nodes = (make_node("alpha", datasets=parts), make_node("director"), make_node("empty"), make_node("target"))
    plan = make_directed("nightly", "director", (make_store("target", ("alpha", "empty"), **store),))
    return make_fleet(nodes, directed_plans=(plan,)), plan


def test_a_source_has_three_kinds_of_capsules_and_one_without_datasets_none() -> None:
    fleet, plan = sample()
    (contribution,) = source.contributions(fleet, plan)
    assert contribution.node == "alpha"
    names = ["prepare_nightly", "remove_nightly", "send_nightly_docker", "send_nightly_local"]
    assert [capsule.name for capsule in contribution.capsules] == names
    assert {"glusterfs-client", "lvm2", "rsync"} <= set(contribution.packages)


def test_only_the_sources_own_account_pulls() -> None:
    fleet, plan = sample()
    (contribution,) = source.contributions(fleet, plan)
    edges = [connection.edge for connection in contribution.connections]
    account = data_account(fleet, "alpha").name
    found = [(edge.purpose, edge.client, edge.account, edge.server, edge.capsule) for edge in edges]
    assert found == [
        ("collect", "target", account, "alpha", "send_nightly_docker"),
        ("collect", "target", account, "alpha", "send_nightly_local"),
    ]
    native, plan = sample(ownership=Ownership.NATIVE)
    (contribution,) = source.contributions(native, plan)
    assert {connection.edge.account for connection in contribution.connections} == {"root"}


def test_a_plan_with_a_selection_touches_nothing_else() -> None:
    fleet, plan = sample()
    (contribution,) = source.contributions(fleet, replace(plan, datasets=("local",)))
    assert [capsule.name for capsule in contribution.capsules][2:] == ["send_nightly_local"]
    assert "glusterfs-client" not in contribution.packages


def test_every_snapshot_has_a_name_that_every_engine_takes() -> None:
    fleet, _ = sample()
    names, owners = set(), set()
    for deployment, plan, dataset in (
        ("a-b", "c", "d"),
        ("a", "b-c", "d.e"),
        ("a" * 31, "b" * 60, "c" * 60),
        ("a" * 31, "b" * 60, "c" * 61),
    ):
        one = replace(fleet, deployment=deployment)
        part = make_part(dataset, "/x")
        name = source.snapshot_name(one, plan, part)
        assert len(name) <= 64
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")
        names.add(name)
        owners.add(source.snapshot_owner(one, plan, part))
    assert (len(names), len(owners)) == (4, 4)


def test_no_part_holds_a_store_or_what_only_an_installation_may_change() -> None:
    fleet, _ = sample(path="/srv/x/store [1]")
    node = fleet.node("target")
    part = make_part("srv", "/srv/x", exclude=("cache/", "/srv/x/tmp"))
    assert part_excludes(fleet, node, part) == ("/cache/", "/tmp", "/store \\[1]")
    assert "/sudoers.d/50-capsule-test" in part_excludes(fleet, node, make_part("etc", "/etc"))
