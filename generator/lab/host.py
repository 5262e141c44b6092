"""One host: a machine of its own as far as its processes can tell."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from ipaddress import IPv4Interface
from pathlib import Path
from signal import SIGKILL

from generator.lab import cgroups
from generator.lab.console import Console
from generator.lab.errors import LabError
from generator.lab.execution import (
    ROOT,
    Identity,
    Process,
    inside,
    joining,
    processes_of,
)
from generator.lab.network import Network
from generator.lab.states import HostState, load_disk, save_disk
from generator.lab.syslog import Syslog


class Host(Console):
    """A host of a lab, made by `Lab.host`; its disk outlives `kill` and `start`, not the lab."""

    def __init__(
        self,
        *,
        name: str,
        interface: IPv4Interface,
        base: Path,
        directory: Path,
        group: Path | None,
        lifeline: int,
        network: Network,
    ) -> None:
        super().__init__(name, str(interface.ip), network)
        self._interface = interface
        self._base = base
        self._directory = directory
        self._group = group
        self._lifeline = lifeline
        self._unshare: subprocess.Popen[bytes] | None = None
        self._first = 0
        self._syslog: Syslog | None = None
        self._log_before: tuple[str, ...] = ()
        self._states = 0
        directory.mkdir(mode=0o700)
        (directory / "root").mkdir(mode=0o755)
        load_disk(directory / "none", directory / "upper", directory / "work")
        self._write_identity()

    def _write_identity(self) -> None:
        etc = self._directory / "upper/etc"
        etc.mkdir(mode=0o755)
        (etc / "hostname").write_text(f"{self.name}\n", encoding="utf-8")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n{self.address} {self.name}\n", encoding="utf-8")

    def start(self) -> None:
        """Start the host, without daemons: its own processes, mounts, host name and network."""
        if self._unshare is not None:
            raise LabError(f"{self.name} runs already")
        reader, writer = os.pipe()
        with resources.as_file(resources.files("generator.lab").joinpath("init.sh")) as script:
            self._unshare = self._spawn(script, writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as told:
            answer = told.readline()
        if not answer:
            _, complaint = self._unshare.communicate()
            self._unshare = None
            raise LabError(f"{self.name} did not start: {complaint.decode('utf-8', 'replace')}")
        self._first = int(answer)
        self._network.connect(self.name, self._first, self._interface)
        self._syslog = Syslog(self.path("/dev/log"))

    def _spawn(self, script: Path, told: int) -> subprocess.Popen[bytes]:
        namespaces = ["unshare", "-m", "-u", "-i", "-n", "-p", "-f", "--kill-child", "--propagation", "private"]
        if self._group:
            self._group.mkdir(parents=True, exist_ok=True)
            namespaces = [*joining(self._group), *namespaces, "-C"]
        return subprocess.Popen(
            [*namespaces, "bash", str(script)],
            stdin=self._lifeline,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "LAB_BASE": str(self._base),
                "LAB_DISK": str(self._directory),
                "LAB_NAME": self.name,
                "LAB_TOLD": str(told),
                "LAB_GROUP": str(self._group or ""),
            },
            pass_fds=(told,),
            cwd="/",
            start_new_session=True,
        )

    @property
    def has_engines(self) -> bool:
        """Whether it can run containers and has the filesystems of snapshots."""
        return self._group is not None

    @property
    def first(self) -> int:
        """The host's process 1, as this machine counts; raises `LabError` while the host is off."""
        if self._unshare is None:
            raise LabError(f"{self.name} is off")
        return self._first

    @property
    def proc(self) -> Path:
        """The directory below /proc of the host's first process, seen from outside."""
        return Path("/proc") / str(self.first)

    def path(self, inside_path: str | Path) -> Path:
        """Where this machine finds the host's absolute ``inside_path``.

        Symbolic links with an absolute target must not lie on the way: they would lead to this machine's own files.
        """
        return self.proc / "root" / str(inside_path).lstrip("/")

    def popen(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, user: str = "root"
    ) -> subprocess.Popen[bytes]:
        """Start ``argv`` inside the host in a session of its own, with pipes; its group is the child's ``pid``."""
        who = ROOT if user == "root" else self._identity(user)
        joined = joining(self._group / "init") if self._group else []
        return subprocess.Popen(
            [*joined, *inside(self.first, argv, who=who, env=env)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _identity(self, user: str) -> Identity:
        for line in self.path("/etc/passwd").read_text(encoding="utf-8").splitlines():
            name, _, uid, gid, _, home, _ = line.split(":")
            if name == user:
                return Identity(name=name, uid=int(uid), gid=int(gid), home=home)
        raise LabError(f"{self.name} has no user {user}")

    def processes(self) -> tuple[Process, ...]:
        """Every process of the host, its first one included."""
        return processes_of(self.first)

    def running(self, program: str) -> bool:
        return any(process.name == program for process in self.processes())

    @property
    def syslog(self) -> tuple[str, ...]:
        """Every syslog message of the host since it was made, oldest first."""
        return self._log_before + (self._syslog.messages if self._syslog else ())

    def install_ssh_host_key(self, private: str) -> None:
        """Make the OpenSSH private key ``private`` the host's only host key; its sshd must be started after that."""
        key = self.path("/etc/ssh/ssh_host_ed25519_key")
        key.touch(mode=0o600)
        key.write_text(private, encoding="utf-8")

    def kill(self) -> None:
        """Cut the power: every process dies at once, the disk stays. A host that is off stays off."""
        if self._unshare is None:
            return
        if self._syslog:
            self._syslog.close()
            self._log_before = self.syslog
            self._syslog = None
        with suppress(ProcessLookupError):
            os.kill(self._first, SIGKILL)
        self._unshare.communicate()
        self._unshare = None
        if self._group:
            cgroups.remove(self._group)

    def save(self) -> HostState:
        """Cut the power, keep a copy of the disk, and start the host again without daemons.

        In a copy hard links are kept and inode numbers are not.
        """
        self.kill()
        self._states += 1
        state = HostState(host=self.name, copy=self._directory / f"state{self._states}")
        save_disk(self._directory / "upper", state.copy)
        self.start()
        return state

    def load(self, state: HostState) -> None:
        """Cut the power, put the disk back to ``state``, and start the host again without daemons."""
        if state.host != self.name:
            raise LabError(f"a state of {state.host} does not fit {self.name}")
        self.kill()
        load_disk(state.copy, self._directory / "upper", self._directory / "work")
        self.start()

    def wipe(self) -> None:
        """Cut the power, make the disk that of a freshly installed host, and start it again without daemons."""
        self.kill()
        load_disk(self._directory / "none", self._directory / "upper", self._directory / "work")
        self._write_identity()
        self.start()

    @contextmanager
    def spare_disk(self) -> Iterator[None]:
        """For a while the host has the disk of a freshly installed one; then its own again, inode for inode.

        Both times the power is cut and the host started without daemons.
        """
        own = self._directory / "own"
        self.kill()
        (self._directory / "upper").rename(own)
        try:
            self.wipe()
            yield
        finally:
            self.kill()
            shutil.rmtree(self._directory / "upper", ignore_errors=True)
            own.rename(self._directory / "upper")
            self.start()
