"""A compiled deployment on lab hosts with engines: built in this process, installed by what it generated."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from click.testing import CliRunner

from generator.cli import main
from generator.lab import Completed, Host, Lab, Machine

from .. import cron
from ..fleet import host_key

# they only ask for systemd, which no host has
SYSTEMD = "for one in systemctl systemd-run; do test -e /usr/bin/$one || ln -s false /usr/bin/$one; done"


Place = TypeVar("Place", bound=Host | Machine)
Result = TypeVar("Result")


class Deployment(Generic[Place]):
    """The hosts of an inventory, and what was built and installed for them."""

    def __init__(self, directory: Path, inventory: dict[str, Any], hosts: Mapping[str, Place]) -> None:
        self.directory = directory
        self.inventory = inventory
        self.hosts = dict(hosts)
        prefix = inventory.get("deployment_prefix")
        self.name = "-".join(part for part in (prefix, inventory["fleet"]) if part)
        self.programs = f"/opt/capsule/{self.name}/bin"

    def __getitem__(self, name: str) -> Place:
        return self.hosts[name]

    # -- building ---------------------------------------------------------------------------------------------------

    def identify(self, known: Mapping[str, list[str]] | None = None) -> None:
        """Give every host its identity, which the inventory pins; ``known`` have theirs."""
        for name, node in self.inventory["nodes"].items():
            if name in (known or {}):
                node["host_keys"] = (known or {})[name]
                continue
            private, public = host_key(self.directory / f"{name}.key")
            self.hosts[name].install_ssh_host_key(private)
            node["host_keys"] = [public]

    def build(self) -> None:
        """Write the inventory as it stands, make the secret if there is none, and compile."""
        (self.directory / "fleet.yml").write_text(yaml.safe_dump(self.inventory, sort_keys=False), encoding="utf-8")
        if not (self.directory / "fleet.secret").exists():
            self._gen("keys", "init", str(self.directory / "fleet.yml"))
        self._gen("build", str(self.directory / "fleet.yml"), "-o", str(self.directory / "output"))

    def _gen(self, *arguments: str) -> None:
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, f"gen {' '.join(arguments)}:\n{done.output}\n{done.exception!r}"

    def install(self, names: Iterable[str] = ()) -> None:
        """Run the generated install.sh on the hosts of ``names``, or on all."""
        self.together(self._install, names or self.hosts)

    def _install(self, name: str) -> None:
        done = self.try_install(name)
        assert done.status == 0, done.describe()

    def try_install(self, name: str) -> Completed:
        """Run the generated install.sh on one host; the caller judges the status."""
        self.copy_build(name)
        return self.hosts[name].run(["/root/build/install.sh"], check=False, seconds=300)

    def copy_build(self, name: str) -> None:
        """Copy a node's part of the build to /root/build on its host, as an administrator would."""
        archive = BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(self.directory / "output" / self.name / "nodes" / name, arcname="build")
        host = self.hosts[name]
        host.run(["/bin/sh", "-c", SYSTEMD])
        host.run(["rm", "-rf", "/root/build"])
        host.run(["tar", "-C", "/root", "-xpf", "-"], stdin=archive.getvalue())

    @staticmethod
    def together(do: Callable[[str], Result], names: Iterable[str]) -> list[Result]:
        """What ``do`` returns for each of ``names``, called at the same time; raises what one of them raised."""
        with ThreadPoolExecutor() as pool:
            return list(pool.map(do, names))

    # -- running ----------------------------------------------------------------------------------------------------

    def capsule(self, node: str, capsule: str, *, stdin: str = "", check: bool = True) -> Completed:
        """Run a capsule as root would from a shell, without a terminal."""
        return self.hosts[node].run([f"{self.programs}/{capsule}"], stdin=stdin, check=check, seconds=300)

    def start(self, node: str, capsule: str, *, stdin: str = "") -> subprocess.Popen[bytes]:
        """Start a capsule as root in the background; the caller waits for it."""
        child = self.hosts[node].popen([f"{self.programs}/{capsule}"])
        assert child.stdin is not None
        child.stdin.write(stdin.encode())
        child.stdin.close()
        child.stdin = None
        return child

    def cron(self, node: str, capsule: str) -> Completed:
        """Run a scheduled capsule as cron would; the caller judges the status."""
        return cron.run_as_cron(self.hosts[node], f"capsule-{self.name}", capsule)

    def log(self, node: str, capsule: str) -> str:
        """The capsule's log file so far."""
        path = f"/var/log/capsule/{self.name}/{capsule}.log"
        return self.hosts[node].run(["/bin/sh", "-c", f"cat '{path}' 2>/dev/null || :"]).out

    def logs(self) -> str:
        """The end of every log of every host that is on, for a test that failed."""
        script = f"cd /var/log/capsule/{self.name} 2>/dev/null && tail -n 12 *.log"
        ends = {name: host.run(["/bin/sh", "-c", script], check=False).out for name, host in self.hosts.items()}
        return "\n".join(f"=== {name}\n{end}" for name, end in ends.items())


def make_hosts(lab: Lab, inventory: dict[str, Any], *, engines: Iterable[str]) -> dict[str, Host]:
    """A host for each node of ``inventory``, without daemons; those in ``engines`` can run containers."""
    nodes: dict[str, Any] = inventory["nodes"]
    having, prefix = set(engines), inventory["deployment_prefix"]
    return {
        name: lab.host(f"{prefix}-{name}", address=node["reach"]["address"], engines=name in having)
        for name, node in nodes.items()
    }
