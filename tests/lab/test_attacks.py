"""Attacks, each tried for real on the fleet, and each followed by the legitimate use of the same way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from . import trees
from .attacks import from_source, from_store, over_accounts, over_rsync, over_ssh, over_sudo  # noqa: F401  # they register
from .attacks.registry import BEGIN, END, Attack, attacks, table
from .attacks.stage import Stage
from .fleet import LabFleet
from .sbdi import attacks as directed  # noqa: F401  # they register, too

DOCUMENT = Path(__file__).parents[2] / "docs/threat-model.md"


LIMITS = {"largest_file": "16M", "expected_duration": "20s"}


@pytest.fixture(scope="module")
def stage(fleet: LabFleet) -> Stage:
    """Links that lead out of the sources' data, and one night of backups on every tier."""
    for node, directory in (("compute-1", "/etc/neutron"), ("website", "/var/www/html")):
        fleet[node].run(["ln", "-s", "/etc", f"{directory}/absolute"])
        fleet[node].run(["ln", "-s", "../../../../../../../../etc", f"{directory}/dots"])
    for source in trees.SOURCES:
        fleet.capsule(source, "backup_nightly")
    fleet.capsule("services-1", "collect_collection")
    fleet.capsule("scc-1", "collect_offsite")
    made = Stage(fleet)
    for edge in made.edges:
        fleet[edge.server].run(["install", "-d", f"{edge.tree}/.incomplete.x", f"{edge.tree}/.deleting.x"])
    return made


@pytest.fixture(scope="module")
def second_day(stage: Stage) -> Stage:
    """A collector with small limits, on day 2; every source but the hostile one has been collected already."""
    plan = stage.fleet.inventory["plans"]["collection"]
    honest = dict(plan)
    plan.update(LIMITS)
    stage.fleet.build()
    stage.fleet.install("services-1")
    plan.update(honest)
    stage.fleet.build()
    stage.fleet.set_day(2)
    for source in trees.SOURCES:
        if source != from_source.SOURCE:
            stage.fleet.capsule(source, "backup_nightly")
    assert stage.capsule("services-1", "collect_collection").status == 10
    return stage


@pytest.mark.parametrize("attack", attacks("kaizen"), ids=lambda attack: attack.name)
def test_an_attack_is_refused(request: pytest.FixtureRequest, stage: Stage, attack: Attack) -> None:
    if attack.name.startswith("source-") and attack.run.__module__.endswith("from_source"):
        request.getfixturevalue("second_day")
    attack.run(stage)
    attack.control(stage)


def test_the_threat_model_lists_every_attack() -> None:
    """``CAPSULE_UPDATE_ATTACKS=1`` writes the table anew."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    if os.environ.get("CAPSULE_UPDATE_ATTACKS"):
        DOCUMENT.write_text(before + table() + after, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == before + table() + after
