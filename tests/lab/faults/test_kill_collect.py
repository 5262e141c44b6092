"""kill -9 of collectors: at every step, and at any instant."""

from __future__ import annotations

from itertools import zip_longest

from .faultfleet import SOURCES
from .runs import boundaries, steps_by_part, steps_of
from .trials import Kind, at_random, at_steps, duration, in_each, run_apart

INSTANTS = 30


def test_killed_at_every_step_and_at_any_instant(collection: Kind, seed: int) -> None:
    fleet, capsule = collection.fleet, collection.capsules["annex"]
    # annex pulls one source at a time, so its steps come in the same order each time, and it has one of them already
    fleet.put_back("annex")
    ran = steps_of(fleet, "annex", capsule, lambda: fleet.capsule("annex", capsule))
    steps = boundaries(ran)
    assert {"install", "rsync", "find", "mv", "sync", "rmdir"} <= {ran[step].rpartition("/")[2] for step in steps}
    at_step = at_steps(collection, steps, alone=False)
    any_instant = at_random(collection, INSTANTS, duration(collection, "depot"), seed)
    assert run_apart({"annex": at_step, "depot": in_each(collection, one_in_each(collection)) + any_instant}) == []


def one_in_each(collection: Kind) -> list[dict[str, int]]:
    """Every step of the collection itself, and every step of a source: half of them in one, half in the other.

    depot pulls both sources at once, with the same steps: what happens to one of them has to leave the other alone.
    """
    fleet, capsule = collection.fleet, collection.capsules["depot"]
    fleet.put_back("depot")
    ran = steps_by_part(fleet, "depot", capsule, lambda: fleet.capsule("depot", capsule))
    assert ran.keys() == {"", *SOURCES}
    own = boundaries(ran[""])
    alpha, beta = (boundaries(ran[source]) for source in SOURCES)
    assert len(alpha) == len(beta) > 25
    assert len(own) > 3
    pairs = zip_longest(alpha[0::2], beta[1::2])
    of_sources = [
        {source: step for source, step in zip(SOURCES, pair, strict=True) if step is not None} for pair in pairs
    ]
    # the first step is the program itself
    return [{"": step} for step in own if step] + of_sources
