"""Hooks for faults: find the processes of a running capsule, kill them together or one by one, at a chosen step."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from signal import SIGKILL

from generator.lab import Host, LabError, Process

from .faults.execwatch import ExecWatch
from .fleet import PROGRAMS, LabFleet

# every sealed tool of the fleet leads to this shim; it counts steps while the directory exists
STEPS = "/run/lab-steps"


def start(fleet: LabFleet, node: str, capsule: str, *, stdin: str = "") -> subprocess.Popen[bytes]:
    """Start a capsule in the background, as root, in a session of its own; the caller kills it or waits for it."""
    child = fleet[node].popen([f"{PROGRAMS}/{capsule}"])
    assert child.stdin is not None
    child.stdin.write(stdin.encode())
    child.stdin.close()
    child.stdin = None
    return child


def family(host: Host, capsule: str) -> tuple[Process, ...]:
    """The processes of a running capsule with all descendants, by pid.

    A capsule that sudo runs by its digest shows as /dev/fd/N; the sender has become rsync by then: ask for
    ``rsync --server`` to find it.
    """
    everyone = host.processes()
    found = {process.pid for process in everyone if capsule in " ".join(process.argv)}
    grown = True
    while grown:
        more = {process.pid for process in everyone if process.parent in found} - found
        found |= more
        grown = bool(more)
    return tuple(process for process in everyone if process.pid in found)


def kill(processes: Iterable[Process]) -> int:
    """SIGKILL all of them, those that wait for others first: none is left to act on another's death. How many there
    still were.

    None is stopped before: the nsenter that started the capsule would stop itself as well, and for good.
    """
    killed = 0
    for process in _parents_first(processes):
        with suppress(ProcessLookupError):
            os.kill(process.pid, SIGKILL)
            killed += 1
    return killed


def _parents_first(processes: Iterable[Process]) -> Iterator[Process]:
    waiting = {process.pid: process for process in processes}
    while waiting:
        oldest = [process for process in waiting.values() if process.parent not in waiting]
        yield from oldest
        for process in oldest:
            del waiting[process.pid]


def count_steps(host: Host, *, stop_at: int = 0) -> None:
    """Count calls of sealed tools from now on; the call with number ``stop_at`` waits to be killed."""
    host.run(
        [
            "/bin/sh",
            "-c",
            f"rm -rf {STEPS}; mkdir -m 1777 {STEPS}; echo {stop_at} >{STEPS}/stop; chmod 644 {STEPS}/stop",
        ]
    )


def steps(host: Host) -> tuple[str, ...]:
    """The tools called since `count_steps`, in order."""
    entries = (entry.name for entry in host.path(STEPS).iterdir() if entry.name[0].isdigit())
    return tuple(name.partition(".")[2] for name in sorted(entries, key=lambda name: int(name.partition(".")[0])))


def reached(host: Host, running: subprocess.Popen[bytes], seconds: float = 60) -> bool:
    """Whether the call that `count_steps` stops at has begun to wait; false if ``running`` ended without it."""
    deadline = time.monotonic() + seconds
    while not host.path(f"{STEPS}/waiting").exists():
        if running.poll() is not None:
            return False
        if time.monotonic() > deadline:
            raise LabError(f"{host.name}: the capsule neither ended nor came to its step")
        time.sleep(0.005)
    return True


def end_steps(host: Host) -> None:
    """Stop counting."""
    host.run(["rm", "-rf", STEPS])


def killed_at_rename(host: Host, number: int) -> int:
    """Run the installer that lies in /root/build and kill all of it when it is about to run `mv` for the ``number``th
    time; its status."""
    seen = 0

    def asked(path: str, pid: int) -> None:
        nonlocal seen
        if path.endswith("/mv"):
            seen += 1
            if seen == number:
                kill(one for one in host.processes() if one.pid == pid or "install.sh" in " ".join(one.argv))

    with ExecWatch(host, asked):
        child = host.popen(["/root/build/install.sh"])
        child.communicate(timeout=120)
    assert seen >= number, f"{host.name}: only {seen} renames"
    return child.returncode
