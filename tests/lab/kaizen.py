"""The fleet of inventory/kaizen.yml on lab hosts: nothing is changed but what a lab has to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time
from pathlib import Path

import yaml
from docs.place import ROOT

from generator.lab import Completed, Lab, services

from . import cron, trees
from .fleet import identifier
from .machines import copy

DEPLOYMENT = "kaizen"
PROGRAMS = f"/opt/capsule/{DEPLOYMENT}/bin"
INVENTORY = ROOT / "inventory/kaizen.yml"
SHIM = "/usr/local/bin/shim-date"
COLLECTORS = (("services-1", "collect_collection"), ("scc-1", "collect_offsite"))


class KaizenFleet:
    """The machines of inventory/kaizen.yml at its addresses, as administrators left them."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._today = 1
        self.text = INVENTORY.read_text("utf-8")
        nodes = yaml.safe_load(self.text)["nodes"]
        self.hosts = {name: lab.host(name, address=node["reach"]["address"]) for name, node in nodes.items()}
        for name in self.hosts:
            self._prepare(name)

    def inventory(self) -> str:
        """The inventory with these machines' host keys, a date that tests decide, and a small reserve of space."""
        text = self.text
        for name, host in self.hosts.items():
            public = " ".join(host.path("/etc/ssh/ssh_host_ed25519_key.pub").read_text("utf-8").split()[:2])
            block = rf"(^  {re.escape(name)}:.*?host_keys: )\[[^\]]*\]"
            text = substituted(text, block, rf'\g<1>["{public}"]', 1)
        text = substituted(text, r"^  os_family: debian$", rf"\g<0>\n  tools: {{date: {SHIM}}}", 1)
        return substituted(text, r"reserve: 5G", "reserve: 10M", 2)

    def _prepare(self, name: str) -> None:
        host = self.hosts[name]
        host.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key"])
        host.run(["ln", "-sf", "/usr/share/zoneinfo/America/New_York", "/etc/localtime"])
        host.run(["install", "-d", "/var/lib/prometheus/node-exporter"])
        shim = (Path(__file__).parent / "shim-date").read_text("utf-8")
        host.run(["install", "-m", "0755", "/dev/stdin", SHIM], stdin=shim)
        self.set_day(self._today, only=name)
        services.start_sshd(host)
        if name.startswith("controller"):
            services.start_mariadb(host)

    def install(self, output: Path) -> None:
        """Bring every node its part of the build that lies in ``output``, and install it."""
        with ThreadPoolExecutor(2) as together:
            list(together.map(lambda name: self._install(output / "nodes" / name, name), self.hosts))

    def _install(self, build: Path, name: str) -> None:
        copy(build, self.hosts[name].path(f"/root/{name}"))
        self.hosts[name].run([f"/root/{name}/install.sh"])

    def replace(self, name: str, *, address: str) -> None:
        """The machine is lost with all that was on it; a new one stands there, with a host key of its own."""
        lost = self.hosts[name].path("/etc/ssh/ssh_host_ed25519_key.pub").read_text("utf-8")
        self.hosts[name] = self._lab.replace(name, address=address)
        self._prepare(name)
        assert lost != self.hosts[name].path("/etc/ssh/ssh_host_ed25519_key.pub").read_text("utf-8")

    def set_day(self, day: int, *, only: str | None = None) -> None:
        """Make it about noon (UTC) of ``day`` everywhere, or on one node."""
        self._today = day
        noon = datetime.combine(datetime.fromisoformat(identifier(day)), time(12), UTC)
        offset = int((noon - datetime.now(UTC)).total_seconds())
        for name in self.hosts if only is None else (only,):
            self.hosts[name].path("/etc/lab-clock").write_text(f"{offset}\n", encoding="utf-8")

    def cron(self, name: str, capsule: str) -> Completed:
        """Run a scheduled capsule as cron would; the caller judges the status."""
        return cron.run_as_cron(self.hosts[name], f"capsule-{DEPLOYMENT}", capsule)

    def nightly(self, sources: Iterable[str] = trees.SOURCES) -> None:
        """Every one of ``sources`` backs itself up as cron has it do, and has nothing to complain about."""
        with ThreadPoolExecutor() as together:
            list(together.map(lambda source: self._quiet(source, "backup_nightly"), sources))

    def collect(self) -> None:
        """Both tiers collect as cron has them do, and have nothing to complain about."""
        for node, capsule in COLLECTORS:
            self._quiet(node, capsule)

    def _quiet(self, name: str, capsule: str) -> None:
        done = self.cron(name, capsule)
        assert (done.status, done.out, done.err) == (0, "", ""), done.describe()


def substituted(text: str, pattern: str, replacement: str, times: int) -> str:
    """``text`` with the ``pattern`` replaced, which it must have exactly so many ``times``."""
    changed, count = re.subn(pattern, replacement, text, flags=re.MULTILINE | re.DOTALL)
    assert count == times, f"{pattern} was found {count} times, not {times}"
    return changed
