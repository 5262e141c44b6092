"""kill -9 of sealed senders while a collector reads from them: at every step, and at any instant."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial

from ..killing import kill
from .execwatch import ExecWatch
from .faultfleet import SOURCES, FaultFleet
from .runs import Ended, KillAt, steps_of
from .trials import Kind, Trial, duration, run_trials, trial

INSTANTS = 20
SENDER = "send_nightly"


def test_killed_at_every_step_and_at_any_instant(collection: Kind, seed: int) -> None:
    longest = duration(collection, "depot")
    collection.prepare("depot")
    # a collection calls the sender once for a list and once for a backup
    steps = steps_of(collection.fleet, "alpha", SENDER, lambda: collection.fleet.collect("depot"))
    assert len([path for path in steps if path.endswith("/rsync")]) == 2
    trials: list[Trial] = []
    for step, path in enumerate(steps):
        if path.endswith(("/flock", "/logger", "/timeout", "/rsync", f"/{SENDER}", "/sudo")):
            trials.append(partial(trial, collection, f"sender killed at step {step}", at_step(collection, step)))
    for number in range(INSTANTS):
        chance = random.Random(f"{seed} {SENDER} {number}")
        what = f"sender killed at an instant (CAPSULE_FAULT_SEED={seed}, number {number})"
        trials.append(partial(trial, collection, what, at_instant(collection, chance.uniform(0, longest), chance)))
    assert run_trials(["depot"], trials) == []


def at_step(collection: Kind, step: int) -> Callable[[str], Ended]:
    """A collection with two senders that are killed at their step ``step``: on alpha with everything that serves the
    collection there, on beta only the process that was about to become the program.
    """

    def hurt(node: str) -> Ended:
        alpha, beta = (collection.fleet[source] for source in SOURCES)
        whole = KillAt(alpha, SENDER, step, alone=False)
        one = KillAt(beta, SENDER, step, alone=True)
        with ExecWatch(alpha, whole), ExecWatch(beta, one):
            ended = collection.start(node).end()
        assert whole.victim and one.victim, f"{SENDER} did not come to step {step}"
        return ended

    return hurt


def at_instant(collection: Kind, seconds: float, chance: random.Random) -> Callable[[str], Ended]:
    """A collection in which everything that serves it on one source is killed, or one process of that."""

    def hurt(node: str) -> Ended:
        source = collection.fleet[chance.choice(SOURCES)]
        before = {process.pid for process in source.processes()}
        run = collection.start(node)
        time.sleep(seconds)
        serving = [process for process in source.processes() if process.pid not in before]
        if serving:
            kill(serving if chance.random() < 0.5 else [chance.choice(serving)])
        return run.end()

    return hurt


def test_nothing_of_a_killed_sender_stays(backed_up: FaultFleet) -> None:
    for source in SOURCES:
        left = [" ".join(process.argv) for process in backed_up[source].processes()]
        assert [line for line in left if "rsync" in line or SENDER in line] == []
