"""What a local plan puts on a node."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "capsules"))

from rendering import make_fleet

from generator.engines.node_capsules import node_capsules
from generator.engines.stores.tree.protect import protect, retention_rules

FLEET = make_fleet(Path("/lab"))
NIGHTLY = next(plan for plan in FLEET.protect_plans if plan.name == "nightly")


def test_a_plan_brings_its_capsules_schedules_and_expectations() -> None:
    contributions = protect(FLEET, NIGHTLY)
    names = {capsule.name for one in contributions for capsule in one.capsules}
    assert {"backup_nightly", "acknowledge_nightly", "preview_nightly", "scrub_nightly"} <= names
    scheduled = {
        entry.capsule_path.rpartition("/")[2]: entry.schedule for one in contributions for entry in one.schedules
    }
    assert scheduled == {"backup_nightly": "15 1 * * *", "scrub_nightly": "0 13 * * 0"}
    expected = {run.name: run for one in contributions for run in one.expected_runs}
    assert expected["backup_nightly"].warning_seconds == 86400 + NIGHTLY.limits.duration_seconds
    assert expected["scrub_nightly"].interval_seconds == 7 * 86400
    stores = [directory for one in contributions for directory in one.directories if directory.path == NIGHTLY.path]
    assert [(store.owner, store.mode, store.keep) for store in stores] == [("root", 0o700, True)]


def test_preview_and_scrub_are_there_only_where_asked_for() -> None:
    plain = replace(NIGHTLY, preview=False, scrub=None)
    names = {capsule.name for one in protect(FLEET, plain) for capsule in one.capsules}
    assert not {"preview_nightly", "scrub_nightly"} & names
    assert "backup_nightly" in names


def test_a_node_without_datasets_of_the_plan_gets_nothing() -> None:
    contributions = protect(FLEET, replace(NIGHTLY, datasets=("no-such",)))
    assert not any(one.capsules or one.schedules or one.expected_runs for one in contributions)


def test_rules_that_are_off_are_empty_words() -> None:
    assert [word.text for word in retention_rules(NIGHTLY.retention)] == ["'2'", "''", "''", "''", "''", "'2'"]


def test_a_node_lists_what_it_keeps_and_checks_what_it_expects() -> None:
    made = {one.name for one in node_capsules(FLEET, FLEET.node("unit"), protect(FLEET, NIGHTLY))}
    assert made == {"list_backups", "check_backups"}
    assert node_capsules(FLEET, FLEET.node("unit"), ()) == ()
