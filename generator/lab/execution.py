"""Commands as values: what is run inside a host, and what it left."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from generator.lab.errors import LabError

HOST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A command that ended: ``status`` as the shell counts it (128 + signal), outputs as bytes."""

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        """Standard output as text; bytes that are not UTF-8 become surrogates."""
        return self.stdout.decode("utf-8", "surrogateescape")

    @property
    def err(self) -> str:
        """Standard error as text; bytes that are not UTF-8 become surrogates."""
        return self.stderr.decode("utf-8", "surrogateescape")

    def describe(self) -> str:
        """The command, its status and the end of its outputs, for an error message."""
        command = " ".join(self.argv)
        outputs = "\n".join(text for text in (self.out[-4000:].rstrip(), self.err[-4000:].rstrip()) if text)
        return f"{command[:400]}\nended with {self.status}\n{outputs}"


class CommandFailed(LabError):
    """A command inside a host ended with another status than expected; ``completed`` is what it left."""

    def __init__(self, host: str, completed: Completed) -> None:
        self.completed = completed
        super().__init__(f"{host}: {completed.describe()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process of a host: ``pid`` as this machine counts, so that it can be signalled from outside.

    ``name`` is the kernel's, at most 15 bytes.
    """

    pid: int
    parent: int
    group: int
    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who runs a command inside a host, as its /etc/passwd says."""

    name: str
    uid: int
    gid: int
    home: str


ROOT = Identity(name="root", uid=0, gid=0, home="/root")


def inside(pid: int, argv: Sequence[str], *, who: Identity = ROOT, env: Mapping[str, str] | None = None) -> list[str]:
    """The argv that runs ``argv`` inside the host whose first process is ``pid``.

    The environment is exactly ``env``, or without it a login-like one.
    """
    plain = {"PATH": HOST_PATH, "HOME": who.home, "USER": who.name, "LOGNAME": who.name, "LANG": "C.UTF-8"}
    variables = [f"{name}={value}" for name, value in (plain if env is None else env).items()]
    identity = (
        ["/usr/bin/setpriv", f"--reuid={who.uid}", f"--regid={who.gid}", "--init-groups", "--"] if who.uid else []
    )
    entering = ["nsenter", "-t", str(pid), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "--"]
    return [*entering, "/usr/bin/env", "-i", *variables, *identity, *argv]


def joining(group: Path) -> list[str]:
    """What stands before an argv so that it runs in the control group ``group`` of this machine."""
    return ["/bin/sh", "-c", 'echo 0 >"$0/cgroup.procs"; exec "$@"', str(group)]


def finish(child: subprocess.Popen[bytes], argv: Sequence[str], stdin: bytes, seconds: float) -> Completed:
    """Feed ``child`` and wait for it; after ``seconds`` its whole session is killed and `LabError` raised."""
    try:
        stdout, stderr = child.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired as expired:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, SIGKILL)
        stdout, stderr = child.communicate()
        text = (stdout + stderr)[-4000:].decode("utf-8", "replace")
        raise LabError(f"still running after {seconds:g} s: {' '.join(argv)}\n{text}") from expired
    status = child.returncode if child.returncode >= 0 else 128 - child.returncode
    return Completed(argv=tuple(argv), status=status, stdout=stdout, stderr=stderr)


def outside(argv: Sequence[str], *, stdin: str = "", seconds: float = 60) -> str:
    """Run a tool of this machine and return its standard output; raises `LabError` with what it wrote."""
    try:
        done = subprocess.run(argv, input=stdin.encode(), capture_output=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{argv[0]}: {error}") from error
    if done.returncode:
        text = (done.stderr or done.stdout)[-4000:].decode("utf-8", "replace").strip()
        raise LabError(f"{' '.join(argv)} ended with {done.returncode}: {text}")
    return done.stdout.decode("utf-8", "replace")


def processes_of(first: int) -> tuple[Process, ...]:
    """Every process in the pid namespace of ``first``, by pid; the dead and those that end meanwhile are left out."""
    namespace = Path(f"/proc/{first}/ns/pid").readlink()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            if (entry / "ns/pid").readlink() == namespace:
                found.append(_process(entry))
    # what waits to be reaped has no command line any more
    return tuple(sorted((process for process in found if process.argv), key=lambda process: process.pid))


def _process(entry: Path) -> Process:
    argv = (entry / "cmdline").read_bytes().decode("utf-8", "surrogateescape").split("\0")
    # the name stands in parentheses and may hold spaces and parentheses itself
    before, _, after = (entry / "stat").read_text(errors="surrogateescape").rpartition(")")
    fields = after.split()
    return Process(
        pid=int(entry.name),
        parent=int(fields[1]),
        group=int(fields[2]),
        name=before.partition("(")[2],
        argv=tuple(argv[:-1]),
    )
