"""kill -9 of collectors: at every step, and at any instant."""

from __future__ import annotations

import random

from .runs import boundaries, steps_of
from .trials import Kind, at_random, at_steps, duration, run_apart

INSTANTS = 30


def test_killed_at_every_step_and_at_any_instant(collection: Kind, seed: int) -> None:
    fleet, capsule = collection.fleet, collection.capsules["annex"]
    # annex pulls one source at a time, so its steps come in the same order each time, and it has one of them already
    fleet.put_back("annex")
    ran = steps_of(fleet, "annex", capsule, lambda: fleet.capsule("annex", capsule))
    steps = boundaries(ran)
    assert {"install", "rsync", "find", "mv", "sync", "rmdir"} <= {ran[step].rpartition("/")[2] for step in steps}
    chance = random.Random(seed)
    alone = [step for step in steps if chance.random() < 0.3]
    at_step = at_steps(collection, steps, alone=False) + at_steps(collection, alone, alone=True)
    any_instant = at_random(collection, INSTANTS, duration(collection, "depot"), seed)
    assert run_apart({"annex": at_step, "depot": any_instant}) == []
