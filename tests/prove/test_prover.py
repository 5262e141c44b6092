"""The valid fleet is proved, and what is said about it."""

from __future__ import annotations

from generator.inventory.model import Fleet
from generator.prove import prove
from generator.prove.prover import rules

from .conftest import make_plan


def test_every_rule_is_found() -> None:
    assert list(rules()) == [
        "coverage",
        "identifiers",
        "key_epochs",
        "maximum_age",
        "moments",
        "names",
        "own_keys",
        "quiesce",
        "reachability",
        "retention",
        "schedule",
        "schedulers",
        "scrubs",
        "turns",
    ]


def test_a_valid_fleet_is_proved_and_the_summary_says_what_holds(fleet: Fleet) -> None:
    report = prove(fleet, make_plan(fleet))
    assert report.diagnostics == ()
    assert report.proved == (
        "nightly: every dataset of 2 nodes has at least 3 copies at 2 sites, one of them out of the source's reach",
        "every backup has a UTC date of its own, and no daily one skips a date, 2024–2051",
        "no maximum age alarms while all runs succeed, and each does within 3 missed runs (collection and offsite)",
        "none of Capsule's files, accounts, numbers or stores collide on any node",
        "4 connections: each has a key of its own, one authorized line, a sudo rule and a pinned host key; "
        "nothing is left over",
        "over the network only sealed senders can be run (4 sudo rules); nothing reachable writes or deletes",
        "every backup is kept until the worst-case end of the run that pulls it",
        "nightly keeps at least 2 restore points of every dataset",
        "collection keeps at least 8 restore points of every dataset",
        "offsite keeps at least 8 restore points of every dataset",
        "every collection starts at least 1 h 45 min after the worst-case end of the backups it collects, "
        "in all time zones, 2024–2051 (tightest: collection)",
        "every copy of a collection starts at least 2 h 30 min after the worst-case end of the collection that it "
        "copies, in all time zones, 2024–2051 (tightest: offsite)",
    )


def test_proving_twice_says_the_same(fleet: Fleet) -> None:
    assert prove(fleet, make_plan(fleet)) == prove(fleet, make_plan(fleet))
