"""Directed plans and replicas as data: what names bind to, what is spread, how layers put snapshots together."""

from __future__ import annotations

import pytest

from generator.inventory.model import FanOutEngine, Ownership
from tests.inventory.directed import STORE, document, errors, resolved, whole


def test_sources_have_data_and_the_quiesced_something_to_hold() -> None:
    plan = whole(document())
    assert plan.sources == ("web-1", "web-2", "web-3")
    assert plan.quiesced == ("proxy-1", "web-1", "web-2", "web-3")
    assert [(store.node, store.engine, store.path, store.sources) for store in plan.stores] == [
        ("store-1", "zfs", "/backup", plan.sources)
    ]
    assert plan.stores[0].ownership is Ownership.FAKE_SUPER
    assert plan.stores[0].settings.model_dump()["pool"] == "backup"


def test_whoever_is_directed_is_held_still_unless_the_plan_says_otherwise() -> None:
    of = document()
    del of["plans"]["whole"]["quiesces"]
    assert whole(of).quiesced == ("web-1", "web-2", "web-3")


def test_defaults_of_the_pause_the_fan_out_and_what_is_allowed() -> None:
    plan = whole(document())
    assert (plan.lease.deadline_seconds, plan.lease.cool_down_seconds) == (60, 600)
    assert (plan.fan_out.engine, plan.fan_out.width) == (FanOutEngine.SSH, 32)
    assert (plan.docker_control, plan.permit_seconds) == (False, None)


def test_a_permit_is_open_for_half_an_hour_where_none_is_said() -> None:
    of = document()
    of["plans"]["whole"]["directed_restore"] = {}
    assert whole(of).permit_seconds == 1800


def test_a_replica_finds_its_original() -> None:
    fleet = resolved(document())
    replica = fleet.replica_plan("offsite")
    assert (replica.directed, replica.upstream, replica.store.node) == ("whole", "store-1", "replica-1")
    assert replica.store.sources == ("web-1", "web-2", "web-3")
    assert fleet.replicas_of("whole", "store-1") == (replica,)
    assert fleet.store_paths("replica-1") == ("/replica",)


def test_a_replica_of_a_replica() -> None:
    of = document()
    of["plans"]["further"] = {**of["plans"]["offsite"], "replicates": "offsite", "node": "store-2"}
    replica = resolved(of).replica_plan("further")
    assert (replica.replicates, replica.directed, replica.upstream) == ("offsite", "whole", "replica-1")


def test_a_replica_of_one_of_several_stores_says_which() -> None:
    of = document()
    of["plans"]["whole"]["stores"] = [
        {**STORE, "sources": ["web-1"]},
        {**STORE, "node": "store-2", "sources": ["web-2", "web-3"]},
    ]
    assert [code for code, _ in errors(of)] == ["C0328"]
    of["plans"]["offsite"]["from"] = "store-2"
    assert resolved(of).replica_plan("offsite").store.sources == ("web-2", "web-3")


def test_sources_that_no_store_names_go_to_the_stores_without_a_list() -> None:
    of = document()
    of["plans"]["whole"]["stores"] = [STORE, {**STORE, "node": "store-2", "sources": ["web-2"]}]
    of["plans"]["offsite"]["from"] = "store-1"
    assert [store.sources for store in whole(of).stores] == [("web-1", "web-3"), ("web-2",)]


def test_host_names_have_the_prefix_and_node_names_do_not() -> None:
    of = document()
    of["nodes"]["web-2"]["hostname"] = "elsewhere"
    fleet = resolved(of)
    assert (fleet.node("web-1").hostname, fleet.node("web-2").hostname) == ("uat-web-1", "elsewhere")
    del of["deployment_prefix"]
    assert resolved(of).node("web-1").hostname == "web-1"


def test_a_prefixed_host_name_may_be_too_long() -> None:
    of = document()
    name = "a" * 62
    of["nodes"][name] = of["nodes"].pop("store-2")
    assert errors(of) == [("C0215", f"`uat-{name}` is longer than the 64 characters that Linux gives a host name")]


def test_layers_merge_a_snapshot_key_by_key() -> None:
    of = document()
    of["nodes"]["web-1"]["datasets"] = {"data": {"snapshot": {"size": "5G", "mount": "/elsewhere"}}}
    snapshots = {node.name: node.datasets[0].snapshot for node in resolved(of).nodes if node.datasets}
    here, there = snapshots["web-1"], snapshots["web-2"]
    assert here is not None and there is not None
    assert (here.mount, there.mount) == ("/elsewhere", "/local_backupsource")
    assert here.settings.model_dump() == {**there.settings.model_dump(), "size": 5 << 30}


def test_another_engine_starts_a_snapshot_afresh_and_null_ends_it() -> None:
    of = document()
    of["nodes"]["web-1"]["datasets"] = {"data": {"snapshot": {"engine": "gluster", "volume": "docker"}}}
    of["nodes"]["web-2"]["datasets"] = {"data": {"snapshot": None}}
    one, two = resolved(of).node("web-1").datasets[0].snapshot, resolved(of).node("web-2").datasets[0].snapshot
    assert one is not None
    assert (one.engine, one.mount, two) == ("gluster", "", None)
    assert one.origin.path == "nodes.web-1.datasets.data.snapshot"


def test_layers_merge_quiescers_by_name() -> None:
    of = document()
    of["nodes"]["web-1"]["quiesce"] = {"database": {"engine": "fsfreeze", "path": "/data"}}
    of["nodes"]["web-2"]["quiesce"] = {"containers": None}
    fleet = resolved(of)
    assert [one.name for one in fleet.node("web-1").quiescers] == ["containers", "database"]
    assert fleet.node("web-2").quiescers == ()
    assert fleet.directed_plan("whole").quiesced == ("proxy-1", "web-1", "web-3")


def test_groups_may_not_contradict_each_other_about_quiescers() -> None:
    of = document()
    of["groups"]["sources"]["quiesce"] = {"containers": {"engine": "podman"}}
    assert [code for code, _ in errors(of)] == ["C0305"]


@pytest.mark.parametrize(
    ("frozen", "what"),
    [
        ("/var/log", "Capsule's logs"),
        ("/opt/capsule", "Capsule's programs"),
        ("/var/lib/capsule", "Capsule's state"),
        ("/usr/bin", "the tool "),
        ("/run/user", "what must be written to release it"),
    ],
)
def test_nothing_is_frozen_that_is_needed_to_thaw_it(frozen: str, what: str) -> None:
    of = document()
    of["nodes"]["web-1"]["quiesce"] = {"disk": {"engine": "fsfreeze", "path": frozen}}
    ((code, said),) = errors(of)
    assert code == "C0325"
    assert said.startswith(f"freezing {frozen} would freeze {what}")


@pytest.mark.parametrize("key", ["director-1", "store-1"])
def test_a_director_or_a_store_may_also_be_a_source(key: str) -> None:
    of = document()
    of["groups"]["sources"]["nodes"].append(key)
    of["groups"]["hosts"]["nodes"].append(key)
    plan = whole(of)
    assert key in plan.sources
    assert key in plan.quiesced
