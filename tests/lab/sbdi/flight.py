"""A small directed deployment that is changed while it works: built in a moment, held wherever a test wants it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from compiled import compiled, write

from generator.keys import FleetSecret, Keyring
from generator.lab import Completed, Lab, containers, filesystems, services

from .deployment import make_hosts
from .platform import Held

SOURCES = ("one", "two")
NODES = {"boss": "10.31.0.1", "one": "10.31.0.11", "two": "10.31.0.12", "vault": "10.31.0.21"}
TOP = {"one": "/srv/disk/local", "two": "/srv/plain"}


class Flight(Held):
    """A director, a source with snapshots and one without, each with a container that counts, and a store."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        text = inventory()
        self._left_out = ["odd/", "name"]
        super().__init__(directory, text, make_hosts(lab, text, engines=SOURCES))

    def make(self) -> None:
        """Identities, data, containers, and the first build everywhere."""
        self.identify()
        self.build()
        self.together(self._prepare, self.hosts)
        self.push(*self.hosts)
        for name in SOURCES:
            containers.run_counter(self.hosts[name], "counter", "/srv/counted")
        self.shim("boss", "ssh")
        self.shim("one", "rsync")

    def _prepare(self, name: str) -> None:
        host = self.hosts[name]
        if name in SOURCES:
            containers.start_docker(host)
        if name == "one":
            filesystems.mount_btrfs(host, "/srv/disk")
            host.run(["btrfs", "subvolume", "create", TOP[name]])
        if name in SOURCES:
            script = (
                f"mkdir -p {TOP[name]}/cache {TOP[name]}/odd; cd {TOP[name]}; echo {name} | tee name cache/x odd/x"
            )
            host.run(["/bin/sh", "-euc", f"mkdir /srv/other; echo other >/srv/other/name; {script}"])
        services.start_sshd(host)

    # -- builds -----------------------------------------------------------------------------------------------------

    def build(self) -> None:
        """Compile the inventory as it stands; nothing but the external parsers is left out."""
        path = self.directory / "fleet.yml"
        path.write_text(yaml.safe_dump(self.inventory, sort_keys=False), encoding="utf-8")
        built = compiled(path, Keyring(FleetSecret(b"secretly" * 4), self.name))
        write(built, self.directory / "output" / self.name)

    def change(self) -> None:
        """A build in which every capsule of every node is another one, and a source leaves out something else."""
        exclude = self.inventory["nodes"]["one"]["datasets"]["local"]["exclude"]
        exclude.append(self._left_out.pop(0))
        self._left_out.append(exclude.pop(0))
        retention = self.inventory["plans"]["whole"]["retention"]
        retention["last"] += 1
        self.inventory["plans"]["whole"]["expected_duration"] = f"{2 * retention['last']}m"
        self.build()

    def push(self, *names: str) -> None:
        """Install the build on these nodes."""
        self.install(names)

    def copy_build(self, name: str) -> None:
        """As always, but an installer that waits for a run gives up after a second."""
        super().copy_build(name)
        self.hosts[name].run(["sed", "-i", "s/SECONDS + 60/SECONDS + 1/", "/root/build/install.sh"])

    # -- runs -------------------------------------------------------------------------------------------------------

    def perform(self) -> Completed:
        """A run of the director; the caller judges the status."""
        return self.capsule("boss", "perform_backup", check=False)

    def names(self) -> list[str]:
        """What the store lists, oldest first."""
        return self.capsule("vault", "list_whole").out.split()

    def stored(self, name: str, source: str) -> list[str]:
        """The files of a source's data in a backup."""
        top = f"/backups/{name}/{source}@{TOP[source].replace('/', '+')}"
        return sorted(self.hosts["vault"].run(["find", top, "-type", "f", "-printf", "%P\n"]).out.split())

    def kept(self) -> list[str]:
        """The files of ``one`` that the present settings do not leave out."""
        (left_out,) = self.inventory["nodes"]["one"]["datasets"]["local"]["exclude"]
        return [file for file in ("cache/x", "name", "odd/x") if not file.startswith(left_out)]

    def results(self, name: str) -> dict[str, str]:
        """How each part of a backup fared, by source and dataset, as the backup says."""
        text = self.hosts["vault"].run(["cat", f"/backups/{name}/.capsule/backup.info"]).out
        said = dict(line.split("=", 1) for line in text.splitlines())
        parts = [key.removesuffix(".dataset") for key in said if key.endswith(".dataset")]
        return {f"{said[f'{part}.source']} {said[f'{part}.dataset']}": said[f"{part}.result"] for part in parts}

    def runs_again(self, seconds: float = 60) -> None:
        """The containers of both sources run and count, within ``seconds``."""
        before = self.counted()
        services.until(
            lambda: all(now > then for now, then in zip(self.counted(), before, strict=True)), "counters", seconds
        )

    def counted(self) -> list[int]:
        """How far each source's container has come."""
        return [containers.counted(self.hosts[name], "/srv/counted") for name in SOURCES]

    def residue(self) -> str:
        """Every snapshot, mount, lease, sender or paused container that a run should not have left, by host."""
        found = []
        for name in SOURCES:
            told = self.hosts[name].run(["/bin/sh", "-c", _RESIDUE.format(name=self.name)]).out.split("\n")
            found += [f"{name}: {line}" for line in told if line]
        left = self.hosts["vault"].run(["/bin/sh", "-c", "cd /backups; ls -d .[a-z]* | grep -v -x .capsule || :"]).out
        return "\n".join([*found, *(f"vault: {line}" for line in left.split())])


_RESIDUE = """
awk '$5 ~ "^/run/capsule/" {{ print $5 }}' /proc/self/mountinfo
cd /run/capsule/{name} 2>/dev/null && ls -d lease_whole/held whole/senders/* whole/moment 2>/dev/null
btrfs subvolume list /srv/disk 2>/dev/null | grep capsule
docker ps -q --filter status=paused
true
"""


def inventory() -> dict[str, Any]:
    """Of the deployment, but for the host keys."""
    nodes: dict[str, Any] = {name: {"reach": {"address": address}} for name, address in NODES.items()}
    for name in SOURCES:
        nodes[name]["quiesce"] = {"containers": {"engine": "docker"}}
        nodes[name]["datasets"] = {"local": {"producer": "paths", "paths": [TOP[name]]}}
    nodes["one"]["datasets"]["local"] |= {"exclude": ["cache/"], "snapshot": {"engine": "btrfs"}}
    return {
        "capsule": 1,
        "fleet": "sbdi",
        "deployment_prefix": "fly",
        "fleet_secret": {"secret": "file fleet.secret"},
        "escrow": {"recorded": "2026-11-01", "where": "nowhere, this is a test"},
        "operator": {"name": "backupoperator", "number": 1901},
        "alerts": {"mail": "lab@example.org"},
        "defaults": {"site": "here", "timezone": "UTC", "os_family": "debian"},
        "nodes": nodes,
        "plans": {
            "whole": {
                "directs": list(SOURCES),
                "director": "boss",
                "stores": [{"node": "vault", "engine": "tree", "path": "/backups"}],
                "schedule": "30 1 * * *",
                "expected_duration": "10m",
                "pause": {"deadline": "20s", "cool_down": "1s"},
                "retention": {"last": 5},
            }
        },
    }
