"""Precedence of layers, seen through the resolved fleet."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from generator.inventory.model import Node
from tests.inventory.fleets import KEYS, load_text, text_of

LAYERS = ("defaults", "first", "second", "group", "node")


def fleet(**layers: dict[str, Any]) -> dict[str, Any]:
    """An inventory whose one node has every layer."""
    node = {"reach": {"address": "10.0.0.1"}, **layers.get("node", {})}
    return {
        "capsule": 1,
        "fleet": "one",
        "defaults": layers.get("defaults", {}),
        "profiles": {"first": layers.get("first", {}), "second": layers.get("second", {})},
        "groups": {"group": {"nodes": ["one"], "profiles": ["first", "second"], **layers.get("group", {})}},
        "nodes": {"one": node},
        "plans": {
            "nightly": {
                "protects": ["one"],
                "store": {"engine": "tree", "path": "/backups"},
                "schedule": "0 1 * * *",
                "expected_duration": "1h",
                "retention": {"days": 2},
            }
        },
    }


def resolve(**layers: dict[str, Any]) -> Node:
    result = load_text(text_of(fleet(**layers)))
    assert result.fleet is not None, result.diagnostics
    return result.fleet.node("one")


DATA = {"data": {"producer": "paths", "paths": ["/data"]}}


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(LAYERS), st.sampled_from(["a", "b", "c"]), min_size=1))
def test_the_strongest_layer_that_says_it_wins(sites: dict[str, str]) -> None:
    layers: dict[str, dict[str, Any]] = {name: {"site": site} for name, site in sites.items()}
    layers["defaults"] = {**layers.get("defaults", {}), "datasets": DATA}
    strongest = [name for name in LAYERS if name in sites][-1]
    assert resolve(**layers).site == sites[strongest]


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(LAYERS[1:]), st.lists(st.sampled_from(["/a", "/b", "/c"]), min_size=1, unique=True)
    )
)
def test_lists_replace_and_other_keys_stay(paths: dict[str, list[str]]) -> None:
    layers: dict[str, dict[str, Any]] = {
        name: {"datasets": {"data": {"paths": value}}} for name, value in paths.items()
    }
    layers["defaults"] = {"datasets": {"data": {"producer": "paths", "paths": ["/d"], "missing": "optional"}}}
    dataset = resolve(**layers).datasets[0]
    strongest = [name for name in LAYERS if name in layers][-1]
    assert dataset.settings.model_dump()["missing"] == "optional"
    expected = paths.get(strongest, ["/d"])
    assert list(dataset.settings.model_dump()["paths"]) == expected


def test_null_removes_a_dataset_and_a_key() -> None:
    other = {"other": {"producer": "paths", "paths": ["/o"], "mountpoint": "/o"}}
    node = resolve(
        first={"datasets": {**DATA, **other}}, node={"datasets": {"data": None, "other": {"mountpoint": None}}}
    )
    assert [(one.name, one.mountpoint) for one in node.datasets] == [("other", None)]


def test_a_later_layer_brings_a_removed_dataset_back_afresh() -> None:
    node = resolve(
        defaults={"datasets": {"data": {"producer": "paths", "paths": ["/old"], "mountpoint": "/old"}}},
        group={"datasets": {"data": None}},
        node={"datasets": DATA},
    )
    assert node.datasets[0].mountpoint is None


def test_another_producer_starts_afresh() -> None:
    node = resolve(defaults={"datasets": DATA}, node={"datasets": {"data": {"producer": "mysql", "socket": "/s"}}})
    assert (node.datasets[0].producer, node.datasets[0].settings.model_dump()) == ("mysql", {"socket": "/s"})


def test_origins_name_the_node_and_the_line_that_says_it() -> None:
    text = text_of(fleet(first={"datasets": DATA}))
    result = load_text(text)
    assert result.fleet is not None
    origin = result.fleet.node("one").datasets[0].origin
    assert origin.path == "nodes.one.datasets.data"
    assert origin.span is not None
    assert text.split("\n")[origin.span.line - 1].strip() == "data:"


def test_groups_have_no_order() -> None:
    document = fleet(group={"site": "a"}, defaults={"datasets": DATA})
    document["groups"]["other"] = {"nodes": ["one"], "site": "b"}
    result = load_text(text_of(document))
    assert [one.code for one in result.diagnostics] == ["C0305"]
    assert len(result.diagnostics[0].labels) == 1


def test_groups_may_agree() -> None:
    document = fleet(group={"site": "a"}, defaults={"datasets": DATA})
    document["groups"]["other"] = {"nodes": ["one"], "site": "a"}
    assert load_text(text_of(document)).diagnostics == ()


def test_tools_are_overridden_one_by_one() -> None:
    node = resolve(defaults={"datasets": DATA, "tools": {"date": "/a"}}, node={"tools": {"rsync": "/b"}})
    assert (node.tools["date"], node.tools["rsync"], node.tools["ssh"]) == ("/a", "/b", "/usr/bin/ssh")


def test_egress_defaults_to_the_address() -> None:
    node = resolve(defaults={"datasets": DATA}, node={"host_keys": [KEYS[0]], "reach": {"address": "2001:DB8::1"}})
    assert (node.address, node.egress) == ("2001:db8::1", ("2001:db8::1",))


def test_only_a_written_null_removes_what_is_inherited() -> None:
    more = {"more": {"producer": "paths", "paths": ["/more"]}}
    text = text_of(fleet(first={"datasets": {**DATA, **more}}, node={"datasets": {}}))
    for written in ("null", "~"):
        result = load_text(text.replace("datasets: {}", f"datasets: {{data: {written}}}"))
        assert result.fleet is not None
        assert [one.name for one in result.fleet.node("one").datasets] == ["more"]


def test_a_forgotten_value_is_said_and_removes_nothing() -> None:
    text = text_of(fleet(first={"datasets": DATA}, node={"datasets": {}}))
    for written in ("datasets:\n      data:", "datasets: {data: }", "datasets: {data}"):
        result = load_text(text.replace("datasets: {}", written))
        # were it removed, the node would have nothing to protect: C0315
        assert [(one.code, one.message) for one in result.diagnostics] == [("C0113", "`data` has no value")]
