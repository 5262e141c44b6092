"""Keys and authorized lines where one node is source and store at once, and where it pulls from itself."""

from __future__ import annotations

from pathlib import Path

from generator.inventory import load
from generator.lowering import lower
from generator.plan import AuthorizedKeys, FleetPlan, NodePlan, PrivateKey
from generator.prove import prove

KAIZEN = Path(__file__).parents[2] / "inventory" / "kaizen.yml"
SENDER = "services-1.send_collection_scc-1"


def everybody_is_a_source(directory: Path, *changes: tuple[str, str]) -> tuple[FleetPlan, list[str]]:
    """The example fleet with both stores among the sources of everything: its plan, and what the proofs found."""
    text = KAIZEN.read_text()
    etc = "    datasets: {etc: {producer: paths, paths: [/etc], exclude: [shadow]}}\n"
    own = (
        (
            "protects: [controllers, computes, website]",
            "protects: [controllers, computes, website, services-1, scc-1]",
        ),
        ("promise: {copies: 3, sites: 2}", "promise: {copies: 2, sites: 2}"),
        ("    reach: {address: 10.31.0.39}\n", "    reach: {address: 10.31.0.39}\n" + etc),
        ("    reach: {address: 10.48.0.5}\n", "    reach: {address: 10.48.0.5}\n" + etc),
    )
    for old, new in (*own, *changes):
        assert old in text
        text = text.replace(old, new, 1)
    path = directory / "fleet.yml"
    path.write_text(text)
    result = load(path)
    assert result.fleet is not None, result.diagnostics
    plan = lower(result.fleet)
    return plan, [
        f"{one.code}: {one.message}" for one in (*result.diagnostics, *prove(result.fleet, plan).diagnostics)
    ]


def node(plan: FleetPlan, name: str) -> NodePlan:
    return next(one for one in plan.nodes if one.name == name)


def keys(plan: FleetPlan, name: str) -> dict[str, PrivateKey]:
    found = [one for one in node(plan, name).artifacts if isinstance(one, PrivateKey)]
    named = {one.path.rpartition("/")[2]: one for one in found}
    assert len(named) == len(found)
    return named


def addresses(plan: FleetPlan, server: str, client: str) -> set[tuple[str, ...]]:
    (lines,) = (one for one in node(plan, server).artifacts if isinstance(one, AuthorizedKeys))
    return {line.addresses for line in lines.entries if line.edge.client == client}


def test_a_store_that_is_a_source_collects_and_restores_with_two_keys(tmp_path: Path) -> None:
    plan, found = everybody_is_a_source(tmp_path)
    assert found == []
    both = keys(plan, "scc-1")
    collecting, restoring = both[SENDER], both[f"restore_{SENDER}"]
    assert (collecting.edge.purpose, restoring.edge.purpose) == ("collect", "restore")
    assert (collecting.group, restoring.group) == (collecting.edge.account, "root")


def test_a_store_pulls_its_own_backups_through_its_own_sshd(tmp_path: Path) -> None:
    plan, _ = everybody_is_a_source(tmp_path)
    assert "services-1.send_nightly" in keys(plan, "services-1")
    assert "restore_services-1.send_collection_services-1" in keys(plan, "services-1")
    assert addresses(plan, "services-1", "services-1") == {("10.31.0.39", "127.0.0.1", "::1")}
    assert addresses(plan, "services-1", "scc-1") == {("10.48.0.5",)}


def test_behind_another_address_a_node_still_knows_itself(tmp_path: Path) -> None:
    old = "    reach: {address: 10.31.0.39}\n"
    plan, found = everybody_is_a_source(tmp_path, (old, f"{old}    egress: [192.0.2.9]\n"))
    assert found == []
    assert addresses(plan, "services-1", "services-1") == {("192.0.2.9", "10.31.0.39", "127.0.0.1", "::1")}


def test_two_trees_on_one_node_are_one_copy(tmp_path: Path) -> None:
    _, found = everybody_is_a_source(tmp_path, ("promise: {copies: 2,", "promise: {copies: 3,"))
    assert found == [
        "C0431: nightly promises 3 copies of every dataset, and scc-1 and services-1 would have 2",
    ]


def test_two_plans_of_a_node_that_pull_the_same_share_a_key(tmp_path: Path) -> None:
    second = (
        "  again: {collects: nightly, node: services-1, store: {engine: tree, path: /srv/again},\n"
        '    schedule: "30 9 * * *", expected_duration: 3h, retention: {days: 30}}\n'
    )
    plan, found = everybody_is_a_source(tmp_path, ("plans:\n", f"plans:\n{second}"))
    assert found == []
    assert keys(plan, "services-1")["website.send_nightly"].edge.purpose == "collect"


def test_a_key_is_rotated_by_the_name_of_its_file(tmp_path: Path) -> None:
    rotated = ("paths:\n", f'keys: {{edges: {{"restore_{SENDER}": 2}}}}\npaths:\n')
    plan, found = everybody_is_a_source(tmp_path, rotated)
    assert found == []
    assert [keys(plan, "scc-1")[name].edge.epoch for name in (SENDER, f"restore_{SENDER}")] == [1, 2]


def test_lines_are_sorted_by_client_and_say_what_they_are_for(tmp_path: Path) -> None:
    plan, _ = everybody_is_a_source(tmp_path)
    (lines,) = (one for one in node(plan, "services-1").artifacts if isinstance(one, AuthorizedKeys))
    clients = [line.edge.client for line in lines.entries]
    assert clients == sorted(clients)
    told = {(line.edge.client, line.reason) for line in lines.entries}
    assert ("scc-1", "collects the backups of compute-1 from plan collection") in told
    assert ("compute-1", "restores its own data from plan collection") in told
    assert len(told) == len(lines.entries)
