"""The fleet that is changed while it works: built within a moment, because other tests verify what is rendered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from compiled import compiled, write

from generator.keys import FleetSecret, Keyring
from generator.lab import Completed, Host, Lab, services

from .faults.judge import Store, unlike_manifest
from .fleet import DEPLOYMENT, LabFleet, host_key, identifier

HERE = Path(__file__).parent
SOURCES = ("alpha", "beta")
COLLECTOR = "depot"
MACHINE = "9f86d081884c7d659a2feaa0c55ad015"


@dataclass(frozen=True, slots=True)
class Night:
    """How the runs of a night ended: each source's backup, and the collection."""

    backups: dict[str, Completed]
    collection: Completed

    @property
    def statuses(self) -> tuple[int, ...]:
        """The exit codes, sources first."""
        return (*(one.status for one in self.backups.values()), self.collection.status)


class ChangeFleet(LabFleet):
    """The hosts of ``changes.yml``, with data and daemons; `build` and `push` give them programs."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.directory = directory
        self.inventory: dict[str, Any] = yaml.safe_load((HERE / "changes.yml").read_text(encoding="utf-8"))
        self.host_keys = {}
        self._offset = 0
        self.day = 1
        nodes = self.inventory["nodes"]
        self.hosts = {name: lab.host(name, address=node["reach"]["address"]) for name, node in nodes.items()}
        for name, node in nodes.items():
            self.host_keys[name], public = host_key(directory / f"{name}.key")
            node["host_keys"] = [public]
            self.prepare(name)

    def prepare(self, name: str) -> None:
        """Identity, data, clock and sshd."""
        host = self.hosts[name]
        shim = (HERE / "shim-date").read_text(encoding="utf-8")
        host.run(["install", "-m", "0755", "/dev/stdin", "/usr/local/bin/shim-date"], stdin=shim)
        host.run(["/bin/sh", "-c", f"echo {MACHINE if name == 'alpha' else name} >/etc/machine-id"])
        host.run(["/bin/sh", "-c", "install -d /etc/service && echo 0 >/etc/service/main.conf"])
        host.install_ssh_host_key(self.host_keys[name])
        services.start_sshd(host)

    def build(self) -> None:
        """Compile the inventory as it stands; nothing but the external parsers is left out."""
        path = self.directory / "lab.yml"
        path.write_text(yaml.safe_dump(self.inventory, sort_keys=False), encoding="utf-8")
        write(compiled(path, Keyring(FleetSecret(b"secretly" * 4), DEPLOYMENT)), self.output)

    def push(self, *names: str) -> None:
        """Install the build on these nodes, or on all."""
        for name in names or tuple(self.hosts):
            self.install(name)

    def copy_build(self, name: str) -> None:
        """Copy a node's part of the build; an installer that waits for a run gives up after a second."""
        self.hosts[name].run(["rm", "-rf", "/root/build"])
        super().copy_build(name)
        self.hosts[name].run(["sed", "-i", "s/SECONDS + 60/SECONDS + 1/", "/root/build/install.sh"])

    def program(self, name: str, capsule: str) -> Path:
        """A capsule on a node, as this machine sees it."""
        return self.hosts[name].path(f"/opt/capsule/{DEPLOYMENT}/bin/{capsule}")

    # -- nights -----------------------------------------------------------------------------------------------------

    def next_day(self) -> str:
        """The next day, on which every source's data changes; its identifier."""
        self.day += 1
        self.set_day(self.day)
        for name in SOURCES:
            self.hosts[name].run(["/bin/sh", "-c", f"echo {self.day} >>/etc/service/main.conf"])
        return identifier(self.day)

    def collect(self) -> Completed:
        """Run the collection; the caller judges the status."""
        return self.capsule(COLLECTOR, "collect_first", check=False)

    def night(self) -> Night:
        """A new day's backups and collection."""
        self.next_day()
        backups = {name: self.capsule(name, "backup_nightly", check=False) for name in SOURCES}
        return Night(backups, self.collect())

    def check_backups(self, name: str) -> Completed:
        """What a node's monitoring hears."""
        return self.capsule(name, "check_backups", check=False)

    def held(self, source: str) -> Store:
        """What the collector holds of a source."""
        return Store(
            host=self.hosts[COLLECTOR], top=f"/srv/first/{source}", source=source, plan="first", fake_super=True
        )

    def broken(self) -> list[str]:
        """What is listed on the collector and is not what its manifest says."""
        return [
            f"{source} {name}: {line}"
            for source in SOURCES
            for name in sorted(self.held(source).names())
            for line in unlike_manifest(self.held(source), name)
        ]


def ssh_with(host: Host, key: str, server: str, address: str) -> Completed:
    """What a holder of the private key ``key`` gets from ``server``, whose host key is pinned on ``host``."""
    known = f"/opt/capsule/{DEPLOYMENT}/ssh/known_hosts"
    options = ["-F", "/dev/null", "-T", "-i", key, "-l", "backupoperator"]
    for option in (
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "StrictHostKeyChecking=yes",
        f"UserKnownHostsFile={known}",
        f"HostKeyAlias={server}",
        f"HostName={address}",
    ):
        options += ["-o", option]
    return host.run(["/usr/bin/ssh", *options, server], check=False)
