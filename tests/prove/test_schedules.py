"""Mutations of the valid fleet's schedules, ages and retention that must be rejected, and with which example."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from generator.diagnostics import Severity
from generator.inventory.model import Fleet
from generator.prove import ProofReport, prove

from .conftest import make_plan, with_collect, with_node, with_protect


def proved(fleet: Fleet) -> ProofReport:
    return prove(fleet, make_plan(fleet))


def codes(report: ProofReport) -> list[str]:
    return sorted({finding.code for finding in report.diagnostics})


def message(report: ProofReport, code: str) -> str:
    return next(finding.message for finding in report.diagnostics if finding.code == code)


def only(fleet: Fleet, source: str) -> Fleet:
    """``fleet`` with one of its sources."""
    nodes = tuple(node for node in fleet.nodes if node.name == source or not node.datasets)
    plans = tuple(replace(plan, sources=(source,)) for plan in fleet.collect_plans)
    return with_protect(replace(fleet, nodes=nodes, collect_plans=plans), nodes=(source,))


@pytest.mark.parametrize(
    ("plan", "changes", "expected"),
    [
        pytest.param("collection", {"cron": "30 1 * * *"}, "C0401", id="while the backup runs"),
        pytest.param("collection", {"cron": "0 0 * * *"}, "C0402", id="before that day's backup"),
        pytest.param("offsite", {"cron": "30 10 * * *"}, "C0401", id="second site while the collection runs"),
        pytest.param("offsite", {"cron": "0 8 * * *"}, "C0402", id="second site before the collection"),
        pytest.param("collection", {"minutes": 7 * 60}, "C0401", id="collection too long for the second site"),
        pytest.param("collection", {"minutes": 24 * 60}, "C0403", id="collection longer than a day"),
        pytest.param("collection", {"cron": "30 4 * * 1"}, "C0436", id="collected less often than kept"),
        pytest.param("collection", {"cron": "30 4,23 * * *"}, "C0423", id="collected twice before there is more"),
        pytest.param("offsite", {"maximum_age_seconds": 9 * 86400}, "C0422", id="an age that never alarms"),
    ],
)
def test_a_collecting_plan_that_does_not_fit(fleet: Fleet, plan: str, changes: dict[str, Any], expected: str) -> None:
    assert expected in codes(proved(with_collect(fleet, plan, **changes)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"minutes": 4 * 60}, "C0401", id="backup too long for the collection"),
        pytest.param({"minutes": 24 * 60}, "C0403", id="backup longer than a day"),
        pytest.param({"minutes": 24 * 60 - 60}, "C0403", id="backup longer than the shortest day"),
        pytest.param({"cron": "15 0,12 * * *"}, "C0411", id="twice a day"),
        pytest.param({"cron": "* * * * *"}, "C0411", id="every minute"),
        pytest.param({"cron": "30 19 * * *"}, "C0411", id="on both sides of midnight UTC"),
        pytest.param({"cron": "30 2 * * *"}, "C0413", id="an hour that summer time skips"),
        pytest.param({"cron": "30 1 * * *"}, "C0413", id="an hour that the end of summer time repeats"),
        pytest.param({"cron": "55 23 * * *"}, "C0414", id="just before midnight UTC"),
        pytest.param({"cron": "15 0 * * 1-5"}, "C0423", id="weekdays only, collected daily"),
    ],
)
def test_a_protecting_plan_that_does_not_fit(fleet: Fleet, changes: dict[str, Any], expected: str) -> None:
    assert expected in codes(proved(with_protect(fleet, **changes)))


def test_a_date_that_the_end_of_summer_time_skips(fleet: Fleet) -> None:
    fleet = with_node(with_protect(fleet, cron="30 10 * * *"), "controller-1", timezone="Australia/Sydney")
    assert message(proved(fleet), "C0412") == (
        "no run of nightly on controller-1 would be called 2024-04-06: 2024-04-05 23:30 UTC (2024-04-06 10:30 in "
        "Australia/Sydney) is followed by 2024-04-07 00:30 UTC (10:30 in Australia/Sydney)"
    )


def test_retention_must_outlive_the_longest_gap_between_collections(fleet: Fleet) -> None:
    """Mondays and Thursdays: on Monday the oldest backup not yet pulled is Friday's."""
    fleet = with_collect(with_collect(fleet, "collection", cron="30 4 * * 1,4"), "offsite", cron="0 15 * * 1,4")
    kept = {days: codes(proved(with_protect(fleet, retention={"days": days}))) for days in (3, 4)}
    assert kept == {3: ["C0436"], 4: []}
    counted = {last: codes(proved(with_protect(fleet, retention={"last": last}))) for last in (3, 4)}
    assert counted == {3: ["C0436"], 4: []}


def test_a_maximum_age_must_allow_for_what_is_normal(fleet: Fleet) -> None:
    """Made at 22:00 UTC and collected until 03:30: three hours and a half after the identifier's day."""
    fleet = with_node(with_protect(only(fleet, "compute-1"), cron="0 22 * * *"), "services-1", timezone="UTC")
    fleet = with_collect(fleet, "collection", cron="30 0 * * *")
    ages = (3 * 3600 + 1799, 3 * 3600 + 1800)
    found = [codes(proved(with_collect(fleet, "collection", maximum_age_seconds=age))) for age in ages]
    assert found == [["C0421"], []]


def test_a_collection_of_the_evening_before_is_fine_and_one_between_is_not(fleet: Fleet) -> None:
    """Over midnight UTC dates differ, and the collection still comes right after what it collects."""
    fleet = with_node(with_protect(only(fleet, "compute-1"), cron="0 22 * * *"), "services-1", timezone="UTC")
    fleet = with_collect(fleet, "offsite", cron="0 5 * * *")
    crons = ("30 0 * * *", "31 23 * * *", "30 23 * * *", "0 23 * * *", "0 18 * * *")
    found = [codes(proved(with_collect(fleet, "collection", cron=cron))) for cron in crons]
    assert found == [[], [], ["C0401"], ["C0401"], ["C0402", "C0421"]]


def test_summer_time_alone_breaks_a_schedule(fleet: Fleet) -> None:
    """An hour of slack in winter is none on the day that skips an hour, and only there."""
    fleet = with_collect(only(fleet, "controller-1"), "collection", cron="5 3 * * *")
    assert codes(proved(with_protect(fleet, cron="30 0 * * *", minutes=94))) == []
    assert message(proved(with_protect(fleet, cron="30 0 * * *", minutes=95)), "C0401").startswith(
        "collection starts at 2024-03-10 07:05 UTC (03:05 in America/New_York)"
    )


def test_the_counter_example_has_both_clocks_and_both_places(fleet: Fleet) -> None:
    fleet = with_collect(fleet, "collection", cron="30 1 * * *")
    finding = next(found for found in proved(fleet).diagnostics if found.code == "C0401")
    assert finding.message == (
        "collection starts at 2024-01-01 06:30 UTC (01:30 in America/New_York), when the run of nightly that "
        "it collects may still go on: controller-1 begins it at 2024-01-01 05:15 UTC (00:15 in America/New_York) "
        "and may take until 2024-01-01 06:45 UTC (01:45 in America/New_York)"
    )
    assert finding.severity is Severity.ERROR
    assert finding.span == fleet.collect_plans[0].schedule.origin.span
    assert [label.span for label in finding.labels] == [
        fleet.protect_plans[0].schedule.origin.span,
        fleet.protect_plans[0].limits.origin.span,
    ]


def advice(report: ProofReport, code: str) -> str:
    return next(finding.advice for finding in report.diagnostics if finding.code == code)


def test_the_hours_to_avoid_are_named(fleet: Fleet) -> None:
    report = proved(with_protect(fleet, cron="30 19 * * *"))
    assert advice(report, "C0411").endswith(
        "once a day, not between 19:00 and 20:00 in America/New_York, where summer time changes its UTC date"
    )
    azores = with_node(with_protect(fleet, cron="30 23 * * *"), "controller-1", timezone="Atlantic/Azores")
    assert "not between 23:00 and 00:00 in Atlantic/Azores" in advice(proved(azores), "C0411")
    report = proved(with_protect(fleet, cron="30 2 * * *"))
    assert message(report, "C0413").endswith("the change of the clock skips: 2024-03-10 02:30 in America/New_York")


def test_the_hour_to_collect_at_is_that_of_the_node_that_collects(fleet: Fleet) -> None:
    fleet = with_node(with_collect(fleet, "collection", cron="0 0 * * *"), "services-1", timezone="Asia/Kolkata")
    report = proved(with_collect(with_protect(fleet, cron="30 14 * * *"), "collection", cron="30 23 * * *"))
    assert "in Asia/Kolkata), the worst-case end" in advice(report, "C0402")
