"""One fleet for all fault tests; each test puts back what it needs."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.lab import Lab

from ..fleet import identifier
from .faultfleet import COLLECTING, SOURCES, TODAY, FaultFleet
from .trials import Kind


@pytest.fixture(scope="session")
def faulty(lab_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultFleet]:
    """The fleet with three days of history, on the fourth day."""
    with Lab(lab_directory) as lab:
        fleet = FaultFleet(lab, tmp_path_factory.mktemp("faults"))
        fleet.make()
        yield fleet


@pytest.fixture(scope="session")
def seed(record_testsuite_property: object) -> int:
    """What decides the random instants: new in every run, said by every failure; CAPSULE_FAULT_SEED repeats it."""
    chosen = int(os.environ.get("CAPSULE_FAULT_SEED") or random.SystemRandom().randrange(10**9))
    assert callable(record_testsuite_property)
    record_testsuite_property("CAPSULE_FAULT_SEED", chosen)
    print(f"CAPSULE_FAULT_SEED={chosen}")
    return chosen


@pytest.fixture(scope="module")
def backed_up(faulty: FaultFleet) -> FaultFleet:
    """The same fleet, and both sources have today's backup."""
    for name in SOURCES:
        faulty.put_back(name)
        assert faulty.backup(name).status == 0
    return faulty


@pytest.fixture(scope="module")
def collection(backed_up: FaultFleet) -> Kind:
    """Trials of collections: a good one holds today's backup of every source."""

    def achieved(node: str) -> list[str]:
        without = [store.top for store in backed_up.stores(node) if identifier(TODAY) not in store.names()]
        return [f"{top} does not have today's backup" for top in without]

    capsules = {node: f"collect_{plan}" for node, plan in COLLECTING.items()}
    return Kind(fleet=backed_up, capsules=capsules, prepare=backed_up.put_back, achieved=achieved)
