"""A trial: something happens to a run, the judge looks, the next run must succeed, and the judge looks again."""

from __future__ import annotations

import queue
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from ..fleet import identifier
from .execwatch import ExecWatch
from .faultfleet import STATE, TODAY, FaultFleet
from .judge import faults, photograph
from .runs import Ended, KillAt, KillInEach, Run

Trial = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is tried: a capsule of a node, its standard input, and what a good run must have brought about."""

    fleet: FaultFleet
    capsules: dict[str, str]
    stdin: str = ""
    prepare: Callable[[str], None]
    achieved: Callable[[str], list[str]]

    def start(self, node: str) -> Run:
        """Start a run on ``node``."""
        return Run(self.fleet, node, self.capsules[node], stdin=self.stdin)


def trial(kind: Kind, what: str, hurt: Callable[[str], Ended], node: str) -> list[str]:
    """Put ``node`` back, let ``hurt`` run the capsule and hurt it, and judge; each line begins with ``what``."""
    fleet, today = kind.fleet, identifier(TODAY)
    kind.prepare(node)
    before, things = photograph(fleet.stores(node)), belongings(fleet, node)
    hurt_run = hurt(node)
    lines = hurt_run.unsaid() + faults(before, today)
    if hurt_run.status == 0:
        lines += [f"said that it was complete: {line}" for line in kind.achieved(node)]
    residue = sorted(name for store in fleet.stores(node) for name in store.residue())
    next_run = kind.start(node)
    ended = next_run.end()
    lines += [] if ended.status == 0 else [f"the next run ended with {ended.status}: {ended.err}"]
    if hurt_run.killed and residue and not any(event in ended.log for event in ("RESIDUE-REMOVED", "TRANSFER-KEPT")):
        lines.append(f"the next run did not say that it found {residue}")
    lines += [f"{survivor} is still running" for survivor in next_run.survivors()]
    lines += faults(before, today) + kind.achieved(node)
    lines += [f"{name} stayed" for store in fleet.stores(node) for name in store.residue()]
    lines += [f"{name} stayed" for name in sorted(belongings(fleet, node) - things)]
    return [f"{what} on {node}: {line}" for line in lines]


def belongings(fleet: FaultFleet, node: str) -> set[str]:
    """Mounts and temporary files of a node: what a run could leave behind outside its stores."""
    host = fleet[node]
    found = {line.split()[1] for line in (host.proc / "mounts").read_text().splitlines()}
    for directory, pattern in (("/tmp", "*"), (STATE, "*/*.new"), (STATE, "restores/work.*"), (STATE, "*/staging.*")):
        found |= {f"{directory}/{path.name}" for path in host.path(directory).glob(pattern)}
    return found


def killed_at(kind: Kind, number: int, *, alone: bool) -> Callable[[str], Ended]:
    """A run that is killed at its step ``number``."""

    def hurt(node: str) -> Ended:
        strike = KillAt(kind.fleet[node], kind.capsules[node], number, alone=alone)
        with ExecWatch(kind.fleet[node], strike):
            ended = kind.start(node).end()
        assert strike.victim, f"{kind.capsules[node]} on {node} did not come to step {number}"
        # step 0 is the capsule itself; later nobody killed its shell
        assert not (alone and number and ended.killed), f"passed the death of {strike.victim} on: {ended.err}"
        return ended

    return hurt


def killed_in_each(kind: Kind, steps: Mapping[str, int]) -> Callable[[str], Ended]:
    """A collection in which one program alone is killed in each of some parts, at the steps with these numbers."""

    def hurt(node: str) -> Ended:
        strike = KillInEach(kind.capsules[node], steps)
        with ExecWatch(kind.fleet[node], strike):
            ended = kind.start(node).end()
        assert strike.victims.keys() == steps.keys(), f"{kind.capsules[node]} on {node} did not come to {steps}"
        assert not ended.killed, f"passed the death of {strike.victims} on: {ended.err}"
        return ended

    return hurt


def killed_after(kind: Kind, seconds: float, mode: str, chance: random.Random) -> Callable[[str], Ended]:
    """A run that is killed at an instant: all of it, its process group, or one process."""

    def hurt(node: str) -> Ended:
        run = kind.start(node)
        time.sleep(seconds)
        match mode:
            case "all":
                run.kill_all()
            case "group":
                run.kill_group()
            case _:
                run.kill_one(chance)
        ended = run.end()
        # whoever lives on after a shell that was killed may still finish what it does, under its lock
        left = run.survivors()
        assert not left, f"still running half a minute after {kind.capsules[node]}: {left}"
        return ended

    return hurt


def at_steps(kind: Kind, numbers: Sequence[int], *, alone: bool) -> list[Trial]:
    """A trial for each of these steps."""
    who = "the program alone" if alone else "everything"
    return [partial(trial, kind, f"{who} killed at step {n}", killed_at(kind, n, alone=alone)) for n in numbers]


def in_each(kind: Kind, steps: Sequence[Mapping[str, int]]) -> list[Trial]:
    """A trial for each of these choices of one step in some parts."""
    return [partial(trial, kind, f"one program killed at {one}", killed_in_each(kind, one)) for one in steps]


def at_random(kind: Kind, count: int, longest: float, seed: int) -> list[Trial]:
    """``count`` trials at instants within ``longest`` seconds, decided by ``seed`` alone."""
    found: list[Trial] = []
    for number in range(count):
        chance = random.Random(f"{seed} {sorted(kind.capsules.values())} {number}")
        seconds, mode = chance.uniform(0, longest), ("all", "group", "one")[number % 3]
        what = f"{mode} killed after {seconds:.3f} s (CAPSULE_FAULT_SEED={seed}, number {number})"
        found.append(partial(trial, kind, what, killed_after(kind, seconds, mode, chance)))
    return found


def run_apart(trials: Mapping[str, Sequence[Trial]]) -> list[str]:
    """Run trials that belong to one node each, all nodes at once; what was wrong."""
    with ThreadPoolExecutor(len(trials)) as pool:
        lanes = pool.map(lambda node: run_trials([node], trials[node]), trials)
        return [line for lines in lanes for line in lines]


def run_trials(nodes: Sequence[str], trials: Sequence[Trial]) -> list[str]:
    """Run all trials, on each of the nodes one at a time; what was wrong, in no particular order."""
    waiting: queue.SimpleQueue[Trial] = queue.SimpleQueue()
    for one in trials:
        waiting.put(one)

    def lane(node: str) -> list[str]:
        lines: list[str] = []
        while True:
            try:
                one = waiting.get_nowait()
            except queue.Empty:
                return lines
            lines += one(node)

    with ThreadPoolExecutor(len(nodes)) as pool:
        return [line for lines in pool.map(lane, nodes) for line in lines]


def duration(kind: Kind, node: str) -> float:
    """How long an undisturbed run takes here and now."""
    kind.prepare(node)
    begun = time.monotonic()
    ended = kind.start(node).end()
    assert ended.status == 0, ended.err
    return time.monotonic() - begun
