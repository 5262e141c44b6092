"""Runs of capsules that something happens to: started, killed, and what they said."""

from __future__ import annotations

import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from signal import SIGKILL, SIGTERM
from typing import IO

from generator.lab import Host, LabError, Process

from ..killing import kill
from .execwatch import ExecWatch
from .faultfleet import FaultFleet, program

# programs that change nothing by themselves: what they write goes where a shell opened it, or into another's hands
READERS = frozenset(
    """awk bash cat cmp comm cut dash date df dirname env gawk getfattr grep head logger mawk mountpoint prlimit
    readlink realpath sed setpriv sh shim-date sleep sort ssh stat tail test timeout tr wc xargs""".split()  # noqa: SIM905
)

# the exit codes of a failure that docs/capsules.md explains
DOCUMENTED = frozenset((10, 64, 65, 69, 73, 74, 75, 77, 78, 128 + SIGTERM))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended: its status as a shell counts it, what it wrote to stderr and added to its log."""

    status: int
    err: str
    log: str

    @property
    def killed(self) -> bool:
        """Whether the capsule itself was killed and could not speak any more."""
        return self.status == 128 + SIGKILL

    def unsaid(self) -> list[str]:
        """How the run kept silent about its failure; nothing for a good run, and for one that had no chance."""
        if self.status == 0 or self.killed:
            return []
        lines = []
        if self.status not in DOCUMENTED:
            lines.append(f"ended with {self.status}, which no documentation explains: {self.err}")
        if not self.err.strip():
            lines.append(f"ended with {self.status} without a word on stderr")
        if " error " not in self.log:
            lines.append(f"ended with {self.status} without an error in its log")
        return lines


class Run:
    """A capsule that runs in the background, as root, in a session of its own."""

    def __init__(self, fleet: FaultFleet, node: str, capsule: str, *, stdin: str = "") -> None:
        self.host = fleet[node]
        self._fleet, self._node, self._capsule = fleet, node, capsule
        self._log_before = len(fleet.log(node, capsule))
        self._others = {process.pid for process in self.host.processes()}
        self._child = self.host.popen([program(capsule)])
        assert self._child.stdin is not None
        self._child.stdin.write(stdin.encode())
        self._child.stdin.close()
        self._said: list[bytes] = []
        self._readers = [self._read(self._child.stdout), self._read(self._child.stderr, self._said)]

    def _read(self, pipe: IO[bytes] | None, into: list[bytes] | None = None) -> threading.Thread:
        assert pipe is not None

        def read() -> None:
            with pipe:
                for line in pipe:
                    if into is not None:
                        into.append(line)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    @property
    def pid(self) -> int:
        """The leader of the run's session and process group."""
        return self._child.pid

    def processes(self) -> tuple[Process, ...]:
        """Every process that has appeared on the host since the run began."""
        return tuple(process for process in self.host.processes() if process.pid not in self._others)

    def kill_all(self) -> None:
        """Kill everything that belongs to the run as at one moment, as when its memory runs out."""
        kill(self.processes())
        self._reap()

    def kill_group(self) -> None:
        """Kill the process group, as a shell's ``kill -9 -- -N``: what has a group of its own must end by itself."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, SIGKILL)

    def kill_one(self, chance: random.Random) -> str:
        """Kill one process of the run, any; its name."""
        alive = self.processes()
        if not alive:
            return "nothing"
        victim = chance.choice(alive)
        kill([victim])
        return victim.name

    def _reap(self) -> None:
        # nsenter waits for its child and then ends as it did; it belongs to this machine, not to the host
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=20)

    def alive(self) -> bool:
        """Whether the capsule has not ended yet."""
        return self._child.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal to the capsule itself, and to nothing else."""
        shells = [process for process in self.processes() if program(self._capsule) in process.argv]
        os.kill(shells[0].pid, number)

    def end(self, seconds: float = 90) -> Ended:
        """Wait for the capsule, but not for what it may have left behind."""
        try:
            status = self._child.wait(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            names = [process.argv for process in self.processes()]
            self.kill_all()
            raise LabError(f"{self._capsule} still ran after {seconds:g} s: {names}") from error
        for reader in self._readers:
            reader.join(timeout=0.5)
        status = 128 - status if status < 0 else status
        log = self._fleet.log(self._node, self._capsule)[self._log_before :]
        return Ended(status=status, err=b"".join(self._said).decode(errors="replace"), log=log)

    def survivors(self, seconds: float = 30) -> list[str]:
        """What still runs of it after that time; everything should be gone long before."""
        deadline = time.monotonic() + seconds
        while left := self.processes():
            if time.monotonic() > deadline:
                return [" ".join(process.argv) for process in left]
            time.sleep(0.05)
        return []


def steps_of(fleet: FaultFleet, node: str, capsule: str, run: Callable[[], object]) -> tuple[str, ...]:
    """The programs that ``run`` starts on a node from the moment the capsule itself is started, in order."""
    seen: list[str] = []
    path = program(capsule)

    def asked(what: str, pid: int) -> None:
        del pid
        if (seen or what == path) and not is_loader(what):
            seen.append(what)

    with ExecWatch(fleet[node], asked):
        run()
    return tuple(seen)


class ByPart:
    """Tells a collection's steps apart: those of each source, and the run's own under the name ``""``.

    Sources are collected by processes of their own, several at once; within each of them the steps have an order. A
    source's process is known by its lock, which it holds from before its first step that changes anything.
    """

    def __init__(self, capsule: str) -> None:
        self._path = program(capsule)
        self._lock = f"/{capsule}."
        self._main = 0

    def part(self, what: str, pid: int) -> str | None:
        """Whose step it is that process ``pid`` runs ``what``; None for what does not belong to the collection."""
        if what == self._path:
            self._main = pid
        if not self._main or is_loader(what):
            return None
        above = pid
        while above not in (0, self._main):
            pid, above = above, parent_of(above)
        if above != self._main:
            return None
        with suppress(OSError):
            held = str(Path(f"/proc/{pid}/fd/7").readlink())
            if self._lock in held:
                return held.rpartition(self._lock)[2]
        return ""


def parent_of(pid: int) -> int:
    """The number of the parent of a process, 0 if it is gone."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return int(status.rpartition(")")[2].split()[1])


def steps_by_part(
    fleet: FaultFleet, node: str, capsule: str, run: Callable[[], object]
) -> dict[str, tuple[str, ...]]:
    """The programs that ``run`` starts on a node, in order, for each source and for the collection itself."""
    seen: dict[str, list[str]] = {}
    parts = ByPart(capsule)

    def asked(what: str, pid: int) -> None:
        part = parts.part(what, pid)
        if part is not None:
            seen.setdefault(part, []).append(what)

    with ExecWatch(fleet[node], asked):
        run()
    return {part: tuple(steps) for part, steps in seen.items()}


def boundaries(steps: tuple[str, ...]) -> tuple[int, ...]:
    """Which of the steps begin something that changes the node, by number; and the last step of all."""
    found = [number for number, path in enumerate(steps) if changes_something(path)]
    return (*found, len(steps) - 1)


def changes_something(path: str) -> bool:
    """Whether this program, as capsules use it, changes anything."""
    name = PurePosixPath(path).name
    return name not in READERS and "/capsule/" not in path


def is_loader(path: str) -> bool:
    """Whether this is the dynamic loader, which the kernel opens for each program, after it."""
    return PurePosixPath(path).name.startswith("ld-")


class KillInEach:
    """Kills one program alone in each of some parts of a run of ``capsule``; ``steps`` are their numbers, by part."""

    def __init__(self, capsule: str, steps: Mapping[str, int]) -> None:
        self._parts = ByPart(capsule)
        self._steps = dict(steps)
        self._counts = dict.fromkeys(steps, -1)
        self.victims: dict[str, str] = {}

    def __call__(self, what: str, pid: int) -> None:
        part = self._parts.part(what, pid)
        if part not in self._counts:
            return
        self._counts[part] += 1
        if self._counts[part] == self._steps[part]:
            self.victims[part] = what
            os.kill(pid, SIGKILL)


class KillAt:
    """Kills a run of ``capsule`` at its step ``number``; used as the ``asked`` of an `ExecWatch`.

    ``alone``: only the process that is about to become the program dies, and the capsule sees a tool fail.
    """

    def __init__(self, host: Host, capsule: str, number: int, *, alone: bool) -> None:
        self._path = program(capsule)
        self._number, self._alone = number, alone
        self._before = {process.pid for process in host.processes()}
        self._host = host
        self._count = -1
        self.victim = ""

    def __call__(self, what: str, pid: int) -> None:
        if (self._count >= 0 or what == self._path) and not is_loader(what):
            self._count += 1
            if self._count == self._number:
                self.victim = what
                kill([process for process in self._host.processes() if self._doomed(process, pid)])

    def _doomed(self, process: Process, pid: int) -> bool:
        return process.pid == pid if self._alone else process.pid not in self._before
