"""Mutations of the valid fleet's promises, stores, accounts and machines."""

from __future__ import annotations

from dataclasses import replace

from generator.diagnostics import Severity
from generator.inventory.model import Fleet
from generator.plan import Account
from generator.prove import prove

from .conftest import make_node, make_plan, make_protect, with_collect, with_node, with_protect


def findings(fleet: Fleet) -> dict[str, str]:
    """Message by code, and no code twice."""
    report = prove(fleet, make_plan(fleet))
    found = {finding.code: finding.message for finding in report.diagnostics}
    assert len(found) == len(report.diagnostics)
    return found


def without(fleet: Fleet, *names: str) -> Fleet:
    """``fleet`` without some collecting plans and their nodes."""
    gone = {plan.node for plan in fleet.collect_plans if plan.name in names}
    return replace(
        fleet,
        nodes=tuple(node for node in fleet.nodes if node.name not in gone),
        collect_plans=tuple(plan for plan in fleet.collect_plans if plan.name not in names),
    )


def test_promised_copies_and_sites_are_counted_over_all_tiers(fleet: Fleet) -> None:
    assert findings(without(fleet, "offsite")) == {
        "C0431": "nightly promises 3 copies of every dataset, and compute-1 and controller-1 would have 2",
        "C0432": "nightly promises copies at 2 sites, and all of compute-1 and controller-1 are at mghpcc",
    }
    assert findings(with_protect(without(fleet, "offsite"), copies=2, sites=1)) == {}
    assert set(findings(with_protect(fleet, copies=4))) == {"C0431"}


def test_one_source_that_is_left_out_is_named(fleet: Fleet) -> None:
    fleet = with_collect(fleet, "offsite", sources=("controller-1",))
    assert findings(fleet) == {
        "C0431": "nightly promises 3 copies of every dataset, and compute-1 would have 2",
        "C0432": "nightly promises copies at 2 sites, and all of compute-1 are at mghpcc",
    }


def test_a_copy_that_was_never_collected_does_not_count(fleet: Fleet) -> None:
    found = findings(with_collect(fleet, "collection", sources=("controller-1",)))
    assert set(found) == {"C0431", "C0432", "C0433", "C0437"}
    assert found["C0437"] == "offsite collects compute-1 from collection, which has no such backups"


def test_two_trees_on_one_node_are_one_copy(fleet: Fleet) -> None:
    fleet = with_collect(with_node(fleet, "services-1", site="bu"), "offsite", node="services-1")
    idle = replace(fleet, nodes=tuple(node for node in fleet.nodes if node.name != "scc-1"))
    assert set(findings(idle)) == {"C0431"}


def test_backups_that_only_their_source_keeps(fleet: Fleet) -> None:
    alone = without(fleet, "collection", "offsite")
    for copies, severity in ((1, Severity.WARNING), (2, Severity.ERROR)):
        changed = with_protect(alone, copies=copies, sites=1)
        report = prove(changed, make_plan(changed))
        exposed = next(finding for finding in report.diagnostics if finding.code == "C0433")
        assert exposed.severity is severity


def test_datasets_and_nodes_that_nothing_protects(fleet: Fleet) -> None:
    assert findings(with_protect(fleet, datasets=("nova",))) == {
        "C0434": "no plan backs up the dataset mysql of controller-1"
    }
    forgotten = make_node("forgotten", 51)
    assert findings(replace(fleet, nodes=(*fleet.nodes, forgotten))) == {
        "C0435": "nothing protects forgotten, and no plan keeps backups there"
    }


def test_stores_must_lie_apart(fleet: Fleet) -> None:
    second = replace(make_protect("weekly", "15 0 * * *", ("compute-1",)), copies=1, sites=1, datasets=("nova",))
    for path, expected in (("/backups/weekly", True), ("/", True), ("/backups-weekly", False)):
        plans = (*fleet.protect_plans, replace(second, path=path))
        assert ("C0455" in findings_any(replace(fleet, protect_plans=plans))) is expected
    assert "C0455" in findings_any(with_protect(fleet, path="/opt/capsule/kaizen/backups"))


def findings_any(fleet: Fleet) -> set[str]:
    return {finding.code for finding in prove(fleet, make_plan(fleet)).diagnostics}


def test_accounts_have_one_number_everywhere_and_numbers_one_account(fleet: Fleet) -> None:
    plan = make_plan(fleet)
    known = next(node for node in plan.nodes if node.name == "services-1").accounts[0]
    for name, number, expected in (
        ("other", known.number, True),
        (known.name, known.number + 9, True),
        ("other", known.number + 9, False),
    ):
        extra = Account(name=name, number=number, home="/nonexistent", shell="/bin/false")
        nodes = tuple(
            replace(node, accounts=(extra,)) if node.name == "controller-1" else node for node in plan.nodes
        )
        found = {finding.code for finding in prove(fleet, replace(plan, nodes=nodes)).diagnostics}
        assert found == ({"C0453"} if expected else set())


def test_one_machine_is_one_node(fleet: Fleet) -> None:
    assert set(findings(with_node(fleet, "scc-1", hostname="services-1"))) == {"C0456"}
    assert set(findings(with_node(fleet, "scc-1", address="10.31.0.31"))) == {"C0456"}
    assert findings(with_node(fleet, "scc-1", address="10.31.0.31", port=2222)) == {}
