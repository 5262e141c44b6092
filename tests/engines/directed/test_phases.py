"""The phases of a run fit into its time, and the turns of a store's sources into the director's patience."""

from __future__ import annotations

import pytest
from fleets import make_directed, make_limits, make_store

from generator.engines.directed.phases import phases, source_seconds


@pytest.mark.parametrize("minutes", [15, 60, 8 * 60, 24 * 60])
@pytest.mark.parametrize("parallel", [1, 2, 20])
def test_a_hung_source_never_outlasts_the_director(minutes: int, parallel: int) -> None:
    store = make_store("target", tuple(f"source-{number}" for number in range(9)))
    plan = make_directed("deployment", "director", (store,), limits=make_limits(minutes * 60, parallel=parallel))
    limits = phases(plan)
    waves = -(-9 // parallel)
    assert source_seconds(plan, store) * waves < limits.pull
    spent = (
        limits.ready + limits.pause + limits.prepare + limits.unpause + limits.pull + limits.commit + limits.remove
    )
    assert spent <= minutes * 60
