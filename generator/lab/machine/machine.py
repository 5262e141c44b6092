"""An emulated machine: a node with a kernel of its own, for what this machine's kernel lacks."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Interface
from pathlib import Path

from generator.lab.console import Console
from generator.lab.errors import LabError
from generator.lab.execution import HOST_PATH, outside
from generator.lab.machine.image import Image
from generator.lab.machine.qemu import Boot, Cables, Emulator
from generator.lab.machine.session import Session
from generator.lab.network import Network


class Machine(Console):
    """An emulated machine of a lab, made by `Lab.machine`; its disks outlive `kill` and `start`, not the lab.

    Commands reach it by a network card of the lab's own: also while its cable is pulled, and whatever becomes of the
    sshd under test. Programs take about ten times as long as on a host.
    """

    def __init__(
        self,
        *,
        name: str,
        interface: IPv4Interface,
        image: Image,
        directory: Path,
        lifeline: int,
        network: Network,
        number: int,
    ) -> None:
        super().__init__(name, str(interface.ip), network)
        self._interface = interface
        self._image = image
        self._directory = directory
        self._lifeline = lifeline
        self._cables = Cables(keeper=network.keeper, tap=f"tap{number}", port=2200 + number)
        self._emulator: Emulator | None = None
        self._session: Session | None = None
        self._disks: tuple[Path, ...] = ()
        directory.mkdir(mode=0o700)
        network.tap(name, self._cables.tap)

    def start(self, *, cold: bool = False) -> None:
        """Switch it on, without the daemons under test.

        The first time it goes on from a saved moment just after booting (about 2 s), unless it is to be a ``cold``
        start; after `kill` it boots.
        """
        if self._emulator is not None:
            raise LabError(f"{self.name} runs already")
        disk = self._directory / "disk.qcow2"
        fresh = not disk.exists()
        if fresh:
            backing = str(self._image.disk)
            outside(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", backing, str(disk)])
        memory = self._image.memory if fresh and not cold else None
        boot = Boot(kernel=self._image.kernel, disk=disk, disks=self._disks, memory=memory)
        self._emulator = Emulator(boot, self._cables, self._directory, self._lifeline)
        try:
            self._session = Session(self._cables, self._image.key, self._directory)
        except LabError:
            self.kill()
            raise
        if not memory:
            # whether all units came up is for tests to judge
            self.run(["systemctl", "is-system-running", "--wait"], check=False, seconds=600)
        if fresh:
            self._introduce()

    def _introduce(self) -> None:
        hardware = "02:00:" + ":".join(f"{byte:02x}" for byte in self._interface.ip.packed)
        self._shell(f"""
          date -u -s @{time.time():.3f}
          printf '%s\\n' {self.name} >/etc/hostname; hostname {self.name}
          printf '127.0.0.1 localhost\\n%s %s\\n' {self.address} {self.name} >/etc/hosts
          printf '%s %s\\n' {hardware} {self._interface} >/etc/lab/interface
          /etc/lab/network
        """)

    def popen(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, user: str = "root"
    ) -> subprocess.Popen[bytes]:
        """Start ``argv`` on the machine, with pipes; the child here is a way to it, not the process itself."""
        if self._session is None:
            raise LabError(f"{self.name} is off")
        home = "/root" if user == "root" else f"~{user}"
        plain = {"PATH": HOST_PATH, "USER": user, "LOGNAME": user, "LANG": "C.UTF-8"}
        variables = shlex.join(f"{name}={value}" for name, value in (plain if env is None else env).items())
        # the shell over there knows where a user lives, and in which group
        login = f"HOME={home}" if env is None else ""
        name = shlex.quote(user)
        identity = "" if user == "root" else f"setpriv --reuid={name} --regid=$(id -g {name}) --init-groups --"
        return self._session.popen(f"cd /; exec env -i {variables} {login} {identity} {shlex.join(argv)}")

    def _shell(self, script: str) -> str:
        return self.run(["/bin/bash", "-euc", script]).out

    def read(self, path: str) -> bytes:
        """The contents of the machine's file ``path``."""
        return self.run(["cat", "--", path]).stdout

    def write(self, path: str, contents: bytes | str, *, mode: int = 0o644) -> None:
        """Make ``path`` a file of root's with ``contents``; its directory is made if it does not exist."""
        self.run(["install", "-D", "-m", f"{mode:o}", "/dev/stdin", path], stdin=contents)

    def copy_in(self, source: Path, target: str) -> None:
        """Make the directory ``target`` over there hold what ``source`` holds here, owned by root."""
        archive = subprocess.run(
            ["tar", "-C", str(source), "--owner=0", "--group=0", "-c", "."], capture_output=True, check=True
        )
        self.run(["mkdir", "-p", target])
        self.run(["tar", "-C", target, "-xp"], stdin=archive.stdout)

    def running(self, program: str) -> bool:
        return self.run(["pgrep", "-x", program], check=False).status == 0

    def install_ssh_host_key(self, private: str) -> None:
        """Make the OpenSSH private key ``private`` its only host key; its sshd must be started after that."""
        self.write("/etc/ssh/ssh_host_ed25519_key", private, mode=0o600)

    def add_disk(self, megabytes: int) -> str:
        """Plug in an empty disk of ``megabytes``; returns the path of its device, which stays the same."""
        if self._emulator is None:
            raise LabError(f"{self.name} is off")
        name = f"disk{len(self._disks) + 1}"
        image = self._directory / f"{name}.raw"
        with image.open("wb") as file:
            file.truncate(megabytes << 20)
        self._emulator.add_disk(image, name)
        self._disks = (*self._disks, image)
        device = f"/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_{name}"
        self._shell(f"for i in {{1..200}}; do [[ -b {device} ]] && exit; sleep 0.05; done; exit 1")
        return device

    def kill(self) -> None:
        """Cut the power; what the disks were given stays. A machine that is off stays off."""
        if self._emulator is None:
            return
        self._emulator.kill()
        self._emulator = None
        if self._session is not None:
            self._session.close()
            self._session = None

    def freeze(self, memory: Path) -> Path:
        """Switch it off for good after saving its ``memory``; returns its disk, to go on with."""
        assert self._emulator is not None and self._session is not None
        self._session.close()
        self._emulator.save(memory)
        self._emulator = self._session = None
        return self._directory / "disk.qcow2"
