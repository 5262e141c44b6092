"""Proofs of directed plans and replicas, over what lowering makes of them, and mutations that must be rejected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from generator.diagnostics import Severity
from generator.inventory.model import Fleet
from generator.lowering import lower
from generator.plan import Artifact, AuthorizedKeys, Capsule, FleetPlan, PrivateKey, holes
from generator.prove import ProofReport, prove
from generator.quoting import ShellWord
from tests.inventory.directed import document, resolved

TREE = {"engine": "tree"}


def fleet_of(whole: dict[str, Any] | None = None, offsite: dict[str, Any] | None = None, **nodes: Any) -> Fleet:
    """The small directed fleet with other values in its plans and nodes; None removes a key."""
    of = document()
    of["plans"]["whole"]["stores"] = [{"node": "store-1", "path": "/backup", **TREE}]
    of["plans"]["offsite"]["store"] = {"path": "/replica", **TREE}
    of["nodes"]["replica-1"]["site"] = "elsewhere"
    of["plans"]["whole"]["promise"] = {"copies": 2, "sites": 2}
    del of["nodes"]["store-2"]
    for name, changes in (("whole", whole), ("offsite", offsite)):
        of["plans"][name].update(changes or {})
    for name, changes in nodes.items():
        of["nodes"][name.replace("_", "-")].update(changes)
    return resolved(of)


def report(fleet: Fleet) -> ProofReport:
    return prove(fleet, lower(fleet))


def findings(fleet: Fleet) -> dict[str, str]:
    return {finding.code: finding.message for finding in report(fleet).diagnostics}


def without_replica(fleet: Fleet) -> Fleet:
    nodes = tuple(node for node in fleet.nodes if node.name != "replica-1")
    return replace(fleet, replica_plans=(), nodes=nodes)


def test_what_is_said_of_a_fleet_with_a_director() -> None:
    proved = report(fleet_of()).proved
    assert report(fleet_of()).diagnostics == ()
    assert (
        "whole: the longest pause of 4 nodes is 1 min, whatever becomes of director-1: each node ends it by itself, "
        "and begins no other for 10 min"
    ) in proved
    assert (
        "whole: every dataset of 3 nodes has at least 2 copies at 2 sites, one of them out of the source's reach"
        in proved
    )
    assert "3 parts of whole: each has a name of its own in every backup" in proved
    assert "no two runs of whole begin in one second of UTC, 2024–2051" in proved
    assert any(
        sentence.startswith("every replica starts at least 4 h after the worst-case end") for sentence in proved
    )


@pytest.mark.parametrize(
    ("whole", "offsite", "code"),
    [
        pytest.param({"expected_duration": "9h"}, {}, "C0401", id="still running when it is replicated"),
        pytest.param({}, {"schedule": "30 1 * * *"}, "C0401", id="replicated at once"),
        pytest.param({"expected_duration": "24h"}, {}, "C0403", id="longer than a day"),
        pytest.param({}, {"expected_duration": "24h"}, "C0403", id="a replica longer than a day"),
        pytest.param({"retention": {"days": 2}}, {"schedule": "30 9 * * 1"}, "C0436", id="pruned before replicated"),
        pytest.param({}, {"maximum_age": "8h"}, "C0421", id="a replica that alarms though all is well"),
        pytest.param({}, {"maximum_age": "9d"}, "C0422", id="a replica that never alarms"),
        pytest.param({"scrub": "0 3 * * 0"}, {}, "C0404", id="a scrub during a run"),
        pytest.param({}, {"scrub": "0 10 * * 0"}, "C0404", id="a scrub of a replica during a run"),
        pytest.param({"expected_duration": "2m"}, {}, "C0405", id="no time for the parts"),
        pytest.param({"promise": {"copies": 3}}, {}, "C0431", id="too few copies"),
        pytest.param({"promise": {"sites": 3}}, {}, "C0432", id="too few sites"),
        pytest.param({"schedule": "0,10 1 * * *", "expected_duration": "5m"}, {}, "C0472", id="within the cool-down"),
    ],
)
def test_plans_that_do_not_fit(whole: dict[str, Any], offsite: dict[str, Any], code: str) -> None:
    assert code in findings(fleet_of(whole, offsite))


def test_a_store_on_the_source_itself_is_no_safe_copy() -> None:
    fleet = fleet_of()
    plan = fleet.directed_plans[0]
    store = replace(plan.stores[0], node="web-1")
    exposed = replace(
        without_replica(fleet),
        nodes=tuple(node for node in fleet.nodes if node.name not in ("replica-1", "store-1")),
        directed_plans=(replace(plan, stores=(store,), copies=1, sites=1),),
    )
    found = [finding for finding in report(exposed).diagnostics if finding.code == "C0433"]
    assert [finding.severity for finding in found] == [Severity.WARNING]
    assert found[0].message.startswith("whoever takes over web-1 can delete every copy that whole makes there")


def test_a_start_that_summer_time_skips_is_said() -> None:
    fleet = fleet_of({"schedule": "30 2 * * *"}, director_1={"timezone": "Europe/Stockholm"})
    assert "C0413" in findings(fleet)


def test_dates_may_repeat_in_directed_plans() -> None:
    fleet = without_replica(fleet_of({"schedule": "0 */6 * * *", "promise": {"copies": 1, "sites": 1}}))
    assert findings(fleet) == {}


def test_parts_that_would_be_one() -> None:
    nested = {
        "one": {"producer": "paths", "paths": ["/srv/a/b"]},
        "two": {"producer": "paths", "paths": ["/srv/a+b"]},
    }
    assert findings(fleet_of(web_1={"datasets": nested}))["C0457"] == (
        "two datasets of web-1 would be the part web-1@+srv+a+b of whole: `/` is written `+` in its name"
    )


def test_a_part_whose_name_no_file_system_takes() -> None:
    deep = {"deep": {"producer": "paths", "paths": ["/" + "/".join(["a" * 60] * 4)]}}
    assert "C0458" in findings(fleet_of(web_1={"datasets": deep}))


def test_snapshots_of_two_plans_that_would_be_one() -> None:
    of = document()
    snapshot = {"engine": "lvm", "group": "vg", "size": "1G"}
    of["nodes"]["web-1"]["datasets"] = {
        "b-c": {"producer": "paths", "paths": ["/b"], "snapshot": {**snapshot, "volume": "b"}},
        "c": {"producer": "paths", "paths": ["/c"], "snapshot": {**snapshot, "volume": "c"}},
        "data": None,
    }
    of["groups"]["sources"]["nodes"] = ["web-1"]
    common = {**of["plans"]["whole"], "directs": ["web-1"]}
    of["plans"] = {
        "a": {**common, "datasets": ["b-c"], "stores": [{"node": "store-1", "path": "/a", **TREE}]},
        "a-b": {
            **common,
            "datasets": ["c"],
            "director": "store-2",
            "quiesces": [],
            "stores": [{"node": "store-2", "path": "/ab", **TREE}],
        },
    }
    del of["plans"]["a-b"]["quiesces"]
    of["nodes"]["web-1"]["quiesce"] = {"containers": None}
    assert findings(resolved(of))["C0457"] == "two snapshots on web-1 would be called capsule-uat-sbdi-a-b-c"


def changed(plan: FleetPlan, name: str, change: Any) -> FleetPlan:
    """``plan`` with what ``change`` makes of the artifacts of one node; None takes an artifact away."""

    def of(artifacts: tuple[Artifact, ...]) -> tuple[Artifact, ...]:
        return tuple(new for one in artifacts if (new := change(one)) is not None)

    return replace(
        plan,
        nodes=tuple(
            replace(node, artifacts=of(node.artifacts)) if node.name == name else node for node in plan.nodes
        ),
    )


def codes(fleet: Fleet, plan: FleetPlan) -> set[str]:
    return {finding.code for finding in prove(fleet, plan).diagnostics}


def test_a_pause_without_its_end_or_its_deadline() -> None:
    fleet = fleet_of()
    plan = lower(fleet)

    def no_end(one: Artifact) -> Artifact | None:
        return None if isinstance(one, Capsule) and one.name == "unpause_whole" else one

    def no_deadline(one: Artifact) -> Artifact:
        if isinstance(one, Capsule) and one.name == "pause_whole":
            given = {**one.holes.as_mapping(), "deadline_seconds": ShellWord.of("6000")}
            return replace(one, holes=holes(**given))
        return one

    def no_key(one: Artifact) -> Artifact | None:
        ending = isinstance(one, PrivateKey) and (one.edge.server, one.edge.capsule) == ("web-1", "unpause_whole")
        return None if ending else one

    assert codes(fleet, plan) == set()
    assert "C0471" in codes(fleet, changed(plan, "web-1", no_end))
    assert codes(fleet, changed(plan, "web-1", no_deadline)) == {"C0471"}
    assert {"C0471", "C0442"} == codes(fleet, changed(plan, "director-1", no_key))


@pytest.mark.parametrize("hole", ["pause", "unpause", "pause_seconds"])
def test_a_director_that_forgets_somebody_or_takes_too_long(hole: str) -> None:
    fleet = fleet_of()

    def forgetful(one: Artifact) -> Artifact:
        if not (isinstance(one, Capsule) and one.name == "perform_backup"):
            return one
        given = one.holes.as_mapping()
        targets = given[hole]
        worse = targets[1:] if isinstance(targets, tuple) else ShellWord.of("60")
        return replace(one, holes=holes(**{**given, hole: worse}))

    assert codes(fleet, changed(lower(fleet), "director-1", forgetful)) == {"C0471"}


def test_a_pause_on_a_node_that_the_plan_does_not_hold_still() -> None:
    fleet = fleet_of()
    plan = fleet.directed_plans[0]
    fewer = replace(fleet, directed_plans=(replace(plan, quiesced=plan.quiesced[1:]),))
    assert {"C0444", "C0471"} <= codes(fewer, lower(fleet))


def test_an_order_that_somebody_else_may_give() -> None:
    fleet = fleet_of()
    plan = lower(fleet)
    other = replace(fleet, directed_plans=(replace(fleet.directed_plans[0], director="proxy-1"),))
    assert "C0445" in codes(other, plan)


def test_orders_that_the_inventory_does_not_ask_for_are_not_on_the_list() -> None:
    asked = fleet_of({"docker_control": True})
    assert codes(asked, lower(asked)) == set()
    assert codes(fleet_of(), lower(asked)) == {"C0444"}


def test_nobody_else_may_run_what_is_a_restore() -> None:
    """A restore is local, unless the plan lets its director restore those who permit it."""
    fleet = fleet_of()
    plan = lower(fleet)

    def renamed(one: Artifact) -> Artifact:
        if not isinstance(one, AuthorizedKeys):
            return one
        lines = tuple(
            replace(line, capsule_path=line.capsule_path.replace("prepare", "restore")) for line in one.entries
        )
        return replace(one, entries=lines)

    assert "C0444" in codes(fleet, changed(plan, "web-1", renamed))
