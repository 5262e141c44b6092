"""The lab: hosts on one wire, in a directory of their own, gone when it ends."""

from __future__ import annotations

from ipaddress import IPv4Interface
from pathlib import Path
from types import TracebackType
from typing import Self

from generator.lab import cgroups
from generator.lab.base import ENGINES, PLAIN, base_root
from generator.lab.errors import LabError
from generator.lab.host import Host
from generator.lab.machine import Machine, machine_image
from generator.lab.network import Network
from generator.lab.requirements import require_lab
from generator.lab.rundirectory import RunDirectory


class Lab:
    """Hosts side by side below ``directory``, which must be on a disk (not on an overlay); a context manager.

    Everything ends with it, also if its process is killed. Several labs may run at once. Raises `LabUnavailable`
    where this machine cannot run one.
    """

    def __init__(self, directory: Path, *, prefix_length: int = 16) -> None:
        require_lab()
        base_root(PLAIN)
        self._prefix_length = prefix_length
        self._hosts: dict[str, Host] = {}
        self._machines: dict[str, Machine] = {}
        self._made = 0
        self._run = RunDirectory(directory.resolve())
        try:
            self._network = Network(self._run.keeper)
        except BaseException:
            self._run.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every host and remove everything of the lab; a second call does nothing."""
        for host in self._hosts.values():
            host.kill()
        for machine in self._machines.values():
            machine.kill()
        self._run.close()

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts in the order they were made."""
        return tuple(self._hosts.values())

    def host(self, name: str, *, address: str, engines: bool = False, base: Path | None = None) -> Host:
        """A new host with host name ``name`` and an IPv4 ``address`` on the wire, started, without daemons.

        With ``engines`` it has Docker, Podman, ZFS (in user space), btrfs and Gluster too, and a control group of
        its own. ``base`` is another root than the lab's own, read only: ``/`` for what this machine has. Raises
        `LabUnavailable` where this machine cannot give it that.
        """
        if name in self._hosts or name in self._machines:
            raise LabError(f"there is a host {name} already")
        return self._make(name, address, engines, base)

    def machine(self, name: str, *, address: str, cold: bool = False) -> Machine:
        """A new emulated machine on the wire: a Debian with systemd and a kernel that has device mapper and ZFS.

        It goes on from a saved moment after booting, or with ``cold`` boots. The first on this machine takes minutes
        to build. Raises `LabUnavailable` where that cannot be done.
        """
        if name in self._hosts or name in self._machines:
            raise LabError(f"there is a host {name} already")
        self._made += 1
        machine = Machine(
            name=name,
            interface=IPv4Interface(f"{address}/{self._prefix_length}"),
            image=machine_image(),
            directory=self._run.path / f"{self._made}-{name}",
            lifeline=self._run.lifeline,
            network=self._network,
            number=self._made,
        )
        self._machines[name] = machine
        machine.start(cold=cold)
        return machine

    def replace(self, name: str, *, address: str) -> Host:
        """A new, empty machine under the name of the host ``name``, which is lost: its power is cut for good."""
        if name not in self._hosts:
            raise LabError(f"there is no host {name} to replace")
        lost = self._hosts[name]
        lost.kill()
        return self._make(name, address, lost.has_engines)

    def _make(self, name: str, address: str, engines: bool, base: Path | None = None) -> Host:
        directory = self._run.path / f"{self._made}-{name}"
        host = Host(
            name=name,
            interface=IPv4Interface(f"{address}/{self._prefix_length}"),
            base=base or base_root(ENGINES if engines else PLAIN),
            directory=directory,
            group=cgroups.hierarchy() / self._run.path.name / directory.name if engines else None,
            lifeline=self._run.lifeline,
            network=self._network,
        )
        self._made += 1
        host.start()
        self._hosts[name] = host
        return host
