"""The example with a director, and junk anywhere in a directed fleet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.inventory import load
from generator.lowering import lower
from generator.prove import prove
from tests.inventory.directed import STORE, document
from tests.inventory.fleets import load_text, text_of
from tests.inventory.test_loading import JUNK, mutations

SBDI = Path(__file__).parents[2] / "inventory/sbdi.yml"


def test_the_example_resolves() -> None:
    result = load(SBDI)
    assert result.diagnostics == ()
    fleet = result.fleet
    assert fleet is not None
    (plan,), (replica,) = fleet.directed_plans, fleet.replica_plans
    hosts = [*(f"cassandra-{n}" for n in range(1, 5)), "manager-1", *(f"solr-{n}" for n in range(1, 5))]
    assert list(plan.sources) == list(plan.quiesced) == hosts
    assert {fleet.node(name).hostname for name in hosts} == {f"uat-{name}" for name in hosts}
    engines = {name: fleet.node(name).datasets[0].snapshot for name in hosts}
    assert {one.engine for one in engines.values() if one is not None} == {"gluster", "lvm"}
    assert (plan.stores[0].node, plan.stores[0].engine, plan.stores[0].path) == ("backup-target", "zfs", "/backup")
    assert (replica.upstream, replica.store.node, replica.store.sources) == (
        "backup-target",
        "remote-backup",
        plan.sources,
    )
    assert tuple(fleet.data_numbers) == plan.sources


def full() -> dict[str, Any]:
    """The small directed fleet with every key that its plans can have."""
    of = document()
    of["plans"]["whole"].update(
        datasets=["data"],
        stores=[{**STORE, "sources": ["web-1", "web-2", "web-3"], "ownership": "native", "compression": "gzip-7"}],
        parallel=2,
        pause={"deadline": "60s", "cool_down": "10m"},
        fan_out={"engine": "ssh", "width": 8},
        docker_control=True,
        directed_restore={"permit": "30m"},
        scrub="0 12 * * 0",
        promise={"copies": 2, "sites": 1},
    )
    of["plans"]["offsite"].update({"from": "store-1", "maximum_age": "30h", "scrub": "0 13 * * 0"})
    of["nodes"]["web-1"]["quiesce"] = {"disk": {"engine": "fsfreeze", "path": "/data"}}
    of["nodes"]["web-1"]["restore_points"] = {"one": {"dataset": "data", "path": "/data/one", "from": "whole"}}
    return of


PLACES = mutations(full())


def test_what_is_mutated_is_right_by_itself() -> None:
    result = load_text(text_of(full()))
    assert [one.message for one in result.diagnostics if one.severity.value == "error"] == []


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PLACES), JUNK | st.text(max_size=8))
def test_junk_anywhere_is_diagnosed_or_proved_and_never_raised(path: tuple[Any, ...], junk: Any) -> None:
    of = full()
    below: Any = of
    for step in path[:-1]:
        below = below[step]
    below[path[-1]] = junk
    result = load_text(text_of(of))
    assert (result.fleet is None) == any(one.severity.value == "error" for one in result.diagnostics)
    assert all(one.advice and one.message for one in result.diagnostics)
    if result.fleet is not None:
        prove(result.fleet, lower(result.fleet))


@pytest.mark.parametrize(
    "path",
    [
        place
        for place in mutations(yaml.safe_load(SBDI.read_text().replace("2026-11-01", '"2026-11-01"')))
        if len(place) <= 3
    ],
    ids=lambda path: ".".join(map(str, path)),
)
def test_a_missing_key_never_raises(path: tuple[Any, ...]) -> None:
    of = yaml.safe_load(SBDI.read_text().replace("2026-11-01", '"2026-11-01"'))
    below = of
    for step in path[:-1]:
        below = below[step]
    del below[path[-1]]
    result = load_text(text_of(of))
    assert result.fleet is not None or result.diagnostics
