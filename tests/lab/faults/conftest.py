"""One fleet for all fault tests; each test puts back what it needs."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.lab import Lab

from .faultfleet import FaultFleet


@pytest.fixture(scope="session")
def faulty(lab_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultFleet]:
    """The fleet with three days of history, on the fourth day."""
    with Lab(lab_directory) as lab:
        fleet = FaultFleet(lab, tmp_path_factory.mktemp("faults"))
        fleet.make()
        yield fleet


@pytest.fixture(scope="session")
def seed(record_testsuite_property: object) -> int:
    """What decides the random instants: new in every run, said in every failure, and repeated by CAPSULE_FAULT_SEED."""
    chosen = int(os.environ.get("CAPSULE_FAULT_SEED") or random.SystemRandom().randrange(10**9))
    assert callable(record_testsuite_property)
    record_testsuite_property("CAPSULE_FAULT_SEED", chosen)
    print(f"CAPSULE_FAULT_SEED={chosen}")
    return chosen
