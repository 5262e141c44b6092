"""The example fleet through the real front end and lowering: all is proved, and nothing may be missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import assert_never

import pytest

from generator.diagnostics import Severity
from generator.inventory import load
from generator.inventory.model import Fleet
from generator.lowering import lower
from generator.plan import (
    Artifact,
    AuthorizedKeys,
    Capsule,
    CronTable,
    FleetPlan,
    KnownHosts,
    LogRotation,
    PrivateKey,
    SudoersFragment,
)
from generator.prove import prove

INVENTORY = Path(__file__).parents[2] / "inventory" / "kaizen.yml"


@pytest.fixture(scope="module")
def kaizen() -> Fleet:
    fleet = load(INVENTORY).fleet
    assert fleet is not None
    return fleet


def without_each_entry(artifact: Artifact) -> Iterator[tuple[Artifact, ...]]:
    """What is left of ``artifact`` after each way to take one permission away."""
    match artifact:
        case AuthorizedKeys():
            for entry in artifact.entries:
                yield (replace(artifact, entries=tuple(one for one in artifact.entries if one != entry)),)
        case SudoersFragment():
            for grant in artifact.grants:
                yield (replace(artifact, grants=tuple(one for one in artifact.grants if one != grant)),)
        case KnownHosts():
            for host in artifact.hosts:
                yield (replace(artifact, hosts=tuple(one for one in artifact.hosts if one != host)),)
        case PrivateKey():
            yield ()
        case Capsule() | CronTable() | LogRotation():
            return
        case _:
            assert_never(artifact)


def mutants(plan: FleetPlan) -> Iterator[FleetPlan]:
    for at, node in enumerate(plan.nodes):
        for index, artifact in enumerate(node.artifacts):
            for left in without_each_entry(artifact):
                artifacts = (*node.artifacts[:index], *left, *node.artifacts[index + 1 :])
                changed = replace(node, artifacts=artifacts)
                yield replace(plan, nodes=(*plan.nodes[:at], changed, *plan.nodes[at + 1 :]))


def test_the_example_fleet_is_proved(kaizen: Fleet) -> None:
    report = prove(kaizen, lower(kaizen))
    assert report.diagnostics == ()
    assert len(report.proved) >= 10


def test_whatever_single_permission_is_missing_is_noticed(kaizen: Fleet) -> None:
    plan = lower(kaizen)
    tried = 0
    for mutant in mutants(plan):
        tried += 1
        assert any(finding.severity is Severity.ERROR for finding in prove(kaizen, mutant).diagnostics), tried
    assert tried >= 40
