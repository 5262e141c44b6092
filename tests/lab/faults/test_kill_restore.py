"""kill -9 of restores, from the node itself and from a collecting node: at every step, and at any instant."""

from __future__ import annotations

import pytest

from ..walker import differences, walk
from .faultfleet import SOURCES, FaultFleet
from .runs import boundaries, steps_of
from .trials import Kind, at_random, at_steps, duration, run_trials

INSTANTS = 25
DATA = "/srv/data"
LEFT_OUT = (b"cache",)
DAMAGE = "cd /srv/data; rm -rf private big/random; echo wrong >grows; touch strange; mkdir -p big"


def restoring(fleet: FaultFleet, capsule: str) -> Kind:
    """Trials of a restore of data that was damaged, and lost in part: a good one brings all of it back."""
    wanted = {source: walk(fleet[source].path(DATA), without=LEFT_OUT) for source in SOURCES}

    def damage(node: str) -> None:
        fleet[node].run(["/bin/sh", "-euc", DAMAGE])

    def achieved(node: str) -> list[str]:
        return differences(wanted[node], walk(fleet[node].path(DATA), without=LEFT_OUT))

    capsules = dict.fromkeys(SOURCES, capsule)
    return Kind(fleet=fleet, capsules=capsules, stdin="latest\n", prepare=damage, achieved=achieved)


@pytest.mark.parametrize("capsule", ["restore_latest_data", "restore_data_from_first"])
def test_killed_at_every_step_and_at_any_instant(backed_up: FaultFleet, capsule: str, seed: int) -> None:
    backed_up.put_back("depot")
    assert backed_up.collect("depot").status == 0
    kind = restoring(backed_up, capsule)
    kind.prepare("alpha")
    steps = boundaries(
        steps_of(backed_up, "alpha", capsule, lambda: backed_up.capsule("alpha", capsule, stdin=kind.stdin))
    )
    trials = at_steps(kind, steps, alone=False) + at_steps(kind, steps, alone=True)
    trials += at_random(kind, INSTANTS, duration(kind, "alpha"), seed)
    assert run_trials(SOURCES, trials) == []
