"""kill -9 of a local backup: at every step, and at any instant."""

from __future__ import annotations

import pytest

from ..fleet import identifier
from .faultfleet import SOURCES, TODAY, FaultFleet
from .runs import boundaries, steps_of
from .trials import Kind, at_random, at_steps, duration, run_trials

INSTANTS = 100


@pytest.fixture(scope="module")
def backup(faulty: FaultFleet) -> Kind:
    def achieved(node: str) -> list[str]:
        (store,) = faulty.stores(node)
        return [] if identifier(TODAY) in store.names() else ["today's backup is not there"]

    capsules = dict.fromkeys(SOURCES, "backup_nightly")
    return Kind(fleet=faulty, capsules=capsules, prepare=faulty.put_back, achieved=achieved)


@pytest.fixture(scope="module")
def steps(faulty: FaultFleet) -> tuple[int, ...]:
    faulty.put_back("alpha")
    ran = steps_of(faulty, "alpha", "backup_nightly", lambda: faulty.capsule("alpha", "backup_nightly"))
    names = [ran[number].rpartition("/")[2] for number in boundaries(ran)]
    assert {"mkdir", "rsync", "find", "sha256sum", "sync", "mv", "rm"} <= set(names)
    return boundaries(ran)


@pytest.mark.parametrize("alone", [False, True], ids=["everything", "one program"])
def test_killed_at_every_step(backup: Kind, steps: tuple[int, ...], alone: bool) -> None:
    assert run_trials(SOURCES, at_steps(backup, steps, alone=alone)) == []


def test_killed_at_any_instant(backup: Kind, seed: int) -> None:
    longest = duration(backup, "alpha")
    assert run_trials(SOURCES, at_random(backup, INSTANTS, longest, seed)) == []
