"""`gen why` follows the lines of a directed plan's capsules to what the inventory says."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from generator.inventory import load
from generator.inventory.model import Fleet
from generator.keys import FleetSecret, Keyring
from generator.lowering import lower
from generator.plan import Capsule
from generator.render import open_library
from generator.render.node import template_and_holes
from generator.render.reasons import reasons
from generator.render.views import NodeNames

SBDI = Path(__file__).parents[2] / "inventory/sbdi.yml"


@cache
def example() -> Fleet:
    fleet = load(SBDI).fleet
    assert fleet is not None
    return fleet


def causes_of(node: str, capsule: str, words: str) -> set[str]:
    """The entries behind every line of a capsule on which ``words`` stand."""
    plan = next(one for one in lower(example()).nodes if one.name == node)
    artifact = next(one for one in plan.artifacts if isinstance(one, Capsule) and one.name == capsule)
    library = open_library()
    names = NodeNames(deployment=example().deployment, node=node, build_id="0" * 16)
    found = template_and_holes(artifact, names, Keyring(FleetSecret(b"test" * 8), example().deployment), {})
    assert found is not None
    rendered = library.render(*found).text.splitlines()
    numbers = [number for number, line in enumerate(rendered, 1) if words in line]
    assert numbers
    return {one.path for number in numbers for one in reasons(example(), plan, artifact, number, library)}


@pytest.mark.parametrize(
    ("node", "capsule", "words", "cause"),
    [
        ("solr-1", "prepare_whole", "'lv_docker_local'", "nodes.solr-1.datasets.docker-local.snapshot"),
        ("solr-1", "send_whole_docker-local", "'/docker_local'", "nodes.solr-1.datasets.docker-local"),
        ("solr-1", "pause_whole", "deadline_seconds='60'", "plans.whole.pause"),
        ("backup-director", "perform_backup", "'cassandra-2'", "nodes.cassandra-2"),
        ("backup-target", "pull_whole", "'solr-4@+docker_local'", "nodes.solr-4.datasets.docker-local"),
    ],
)
def test_a_line_names_the_entry_that_caused_it(node: str, capsule: str, words: str, cause: str) -> None:
    assert cause in causes_of(node, capsule, words)
