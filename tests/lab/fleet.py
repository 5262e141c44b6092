"""A compiled fleet on lab hosts: built by the command line, installed by what it generated, moved from day to day."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import remembering
import yaml

from generator.lab import Completed, Host, HostState, Lab, services

from . import cron

HERE = Path(__file__).parent
DEPLOYMENT = "lab"
PROGRAMS = f"/opt/capsule/{DEPLOYMENT}/bin"
STEPS = "/usr/local/lib/lab-steps"
FIRST_DAY = date(2026, 11, 20)
# has the rsync that the release came with, all others the one of its updates: fleets are never of one version
OLDER = "services-1"


def identifier(day: int) -> str:
    """The identifier of a backup made on ``day``, counted from 1."""
    return (FIRST_DAY + timedelta(days=day - 1)).isoformat()


class LabFleet:
    """The hosts of ``fleet.yml``, started but empty; ``build`` and ``install`` make them a fleet."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.directory = directory
        self.inventory: dict[str, Any] = yaml.safe_load((HERE / "fleet.yml").read_text(encoding="utf-8"))
        self.host_keys: dict[str, str] = {}
        self._offset = 0
        nodes = self.inventory["nodes"]
        self.hosts = {name: lab.host(name, address=node["reach"]["address"]) for name, node in nodes.items()}
        for name, node in nodes.items():
            private, public = host_key(directory / f"{name}.key")
            self.host_keys[name] = private
            node["host_keys"] = [public]

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    # -- building ---------------------------------------------------------------------------------------------------

    @property
    def output(self) -> Path:
        """Where the build of the fleet lies."""
        return self.directory / "output" / DEPLOYMENT

    def gen(self, *arguments: str, status: int = 0) -> str:
        """Run the command line beside the inventory; its outputs together. It must end with ``status``."""
        done = subprocess.run(
            [sys.executable, remembering.__file__, *arguments],
            cwd=self.directory,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == status, f"gen {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def build(self) -> None:
        """Write the inventory as it stands, make the secret if there is none, and compile."""
        text = yaml.safe_dump(self.inventory, sort_keys=False)
        (self.directory / "lab.yml").write_text(text, encoding="utf-8")
        if not (self.directory / "lab.secret").exists():
            self.gen("keys", "init", "lab.yml")
        self.gen("build", "lab.yml", "-o", "output")

    def manifest(self, node: str) -> dict[str, Any]:
        """The sealed manifest of one node."""
        loaded: dict[str, Any] = json.loads((self.output / "nodes" / node / "manifest.json").read_text())
        return loaded

    # -- hosts ------------------------------------------------------------------------------------------------------

    def prepare(self, name: str) -> None:
        """What an administrator has done on a node before Capsule comes: its identity, its daemons, a clock."""
        host = self.hosts[name]
        host.run(["install", "-d", STEPS])
        for shim, path in (("shim-date", "/usr/local/bin/shim-date"), ("shim-step", f"{STEPS}/shim")):
            host.run(["install", "-m", "0755", "/dev/stdin", path], stdin=(HERE / shim).read_text(encoding="utf-8"))
        for tool in self.inventory["profiles"]["shimmed"]["tools"]:
            host.run(["ln", "-sf", "shim", f"{STEPS}/{tool}"])
        if name == OLDER:
            host.run(["cp", "/usr/local/lib/release/rsync", "/usr/bin/rsync"])
        host.run(["install", "-d", "/var/lib/prometheus/node-exporter"])
        host.install_ssh_host_key(self.host_keys[name])
        self._set_clock(host)
        self.start_daemons(name)

    def start_daemons(self, name: str) -> None:
        """Start sshd, and MariaDB where the inventory dumps one: a host that was started has neither."""
        services.start_sshd(self.hosts[name])
        if name.startswith("controller"):
            services.start_mariadb(self.hosts[name])

    def copy_build(self, name: str) -> None:
        """Copy a node's part of the build to /root/build on its host, as an administrator would."""
        archive = BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(self.output / "nodes" / name, arcname="build")
        self.hosts[name].run(["tar", "-C", "/root", "-xpf", "-"], stdin=archive.getvalue())

    def install(self, name: str, *, check: bool = True) -> Completed:
        """Run the generated install.sh, and nothing else, on the node's host."""
        self.copy_build(name)
        return self.hosts[name].run(["/root/build/install.sh"], check=check)

    def save(self) -> dict[str, HostState]:
        """The disks of all hosts as they are now; daemons run again afterwards."""
        for name in self.hosts:
            if name.startswith("controller"):
                services.stop_mariadb(self.hosts[name])
        states = {name: host.save() for name, host in self.hosts.items()}
        for name in self.hosts:
            self.start_daemons(name)
        return states

    def load(self, states: dict[str, HostState]) -> None:
        """Put hosts back to saved states, with their daemons; hosts without a state stay as they are."""
        for name, state in states.items():
            self.hosts[name].load(state)
            self.start_daemons(name)

    @contextmanager
    def replaced(self, name: str) -> Iterator[Host]:
        """For a while ``name`` is a new, empty machine with the old one's identity, installed from the build."""
        host = self.hosts[name]
        if host.running("mariadbd"):
            services.stop_mariadb(host)
        with host.spare_disk():
            self.prepare(name)
            self.install(name)
            yield host
        self.start_daemons(name)

    # -- days and runs ----------------------------------------------------------------------------------------------

    def set_day(self, day: int, *, only: str | None = None) -> None:
        """Make it about noon (UTC) of ``day`` for every capsule, or for those of one node."""
        noon = datetime.combine(FIRST_DAY + timedelta(days=day - 1), datetime.min.time(), UTC) + timedelta(hours=12)
        offset = int(noon.timestamp() - time.time())
        if only is None:
            self._offset = offset
        for name, host in self.hosts.items():
            if only in (None, name):
                self._set_clock(host, offset)

    def _set_clock(self, host: Host, offset: int | None = None) -> None:
        host.path("/etc/lab-clock").write_text(f"{self._offset if offset is None else offset}\n", encoding="utf-8")

    def cron(self, name: str, capsule: str) -> Completed:
        """Run a scheduled capsule as cron would; the caller judges the status."""
        return cron.run_as_cron(self.hosts[name], f"capsule-{DEPLOYMENT}", capsule)

    def capsule(self, name: str, capsule: str, *, stdin: str = "", check: bool = True) -> Completed:
        """Run a capsule as root would from a shell, without a terminal."""
        return self.hosts[name].run([f"{PROGRAMS}/{capsule}"], stdin=stdin, check=check, seconds=300)

    def log(self, name: str, capsule: str) -> str:
        """The capsule's log file so far."""
        path = self.hosts[name].path(f"/var/log/capsule/{DEPLOYMENT}/{capsule}.log")
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def host_key(path: Path) -> tuple[str, str]:
    """A new ed25519 host key at ``path``: its private file and its public line."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], check=True)
    public = path.with_name(f"{path.name}.pub").read_text(encoding="utf-8").split()
    return path.read_text(encoding="utf-8"), " ".join(public[:2])
