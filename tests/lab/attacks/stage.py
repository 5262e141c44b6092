"""The fleet as an attacker meets it: what each key, account and node can be made to do."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from generator.lab import Completed, Host

from ..fleet import PROGRAMS, LabFleet

KEYS = "/opt/capsule/lab/ssh"
OPERATOR, OPERATOR_NUMBER = "backupoperator", 1901
# whoever can make this file appear can do anything
MARK = "/tmp/pwned"
LOOT = "/var/tmp/loot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A connection of the fleet: ``account`` of ``client`` holds ``key`` and may read ``tree`` of ``server``."""

    client: str
    account: str
    server: str
    key: str
    tree: str


class Stage:
    """A fleet whose tiers hold the backups of day 1."""

    def __init__(self, fleet: LabFleet) -> None:
        self.fleet = fleet
        self.numbers = {source: self._account(source) for source in ("compute-1", "compute-2", "website")}
        own = self.numbers["compute-1"]
        self.collector = [
            self._edge("services-1", account, source, "send_nightly", "/backups")
            for source, account in self.numbers.items()
        ]
        self.edges = [
            *self.collector,
            self._edge("scc-1", own, "services-1", "send_collection_compute-1", "/srv/collection/compute-1"),
            self._edge("compute-1", "root", "scc-1", "send_offsite_compute-1", "/srv/offsite/compute-1"),
        ]

    def _edge(self, client: str, account: str, server: str, capsule: str, tree: str) -> Edge:
        (key,) = self.fleet[client].path(KEYS).glob(f"*{server}.{capsule}")
        return Edge(client=client, account=account, server=server, tree=tree, key=f"{KEYS}/{key.name}")

    def _account(self, source: str) -> str:
        (key,) = self.fleet["services-1"].path(KEYS).glob(f"*{source}.send_nightly")
        return self.fleet["services-1"].run(["stat", "--format=%G", f"{KEYS}/{key.name}"]).out.strip()

    def everywhere(self, try_it: Callable[[Edge], None]) -> None:
        """Try something over every kind of connection, on every node that can be connected to."""
        with ThreadPoolExecutor(4) as together:
            list(together.map(try_it, self.edges))

    def host(self, name: str) -> Host:
        return self.fleet[name]

    # -- the network ------------------------------------------------------------------------------------------------

    def options(self, edge: Edge, *, server: str | None = None, key: str | None = None) -> list[str]:
        """What the collector tells ssh, but for what it forbids itself."""
        return [
            *("-F", "/dev/null", "-i", key or edge.key),
            *("-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"),
            *("-o", f"UserKnownHostsFile={KEYS}/known_hosts", "-o", "GlobalKnownHostsFile=/dev/null"),
            *("-o", f"HostKeyAlias={server or edge.server}", "-o", "StrictHostKeyChecking=yes"),
            *("-o", "NumberOfPasswordPrompts=0"),
        ]

    def ssh(
        self, edge: Edge, *words: str, before: Sequence[str] = (), user: str = OPERATOR, stdin: str = ""
    ) -> Completed:
        """Connect as the client would, with more options before the address and a command after it."""
        return self.host(edge.client).run(
            ["ssh", *self.options(edge), *before, "-l", user, self.host(edge.server).address, *words],
            stdin=stdin,
            user=edge.account,
            check=False,
            seconds=30,
        )

    def rsync(self, edge: Edge, *words: str) -> Completed:
        """Run rsync as the client would, in a fresh directory of its own; ``node::`` leads to the server."""
        shell = shlex.join(["ssh", *self.options(edge), "-o", f"HostName={self.host(edge.server).address}"])
        loot = self.loot(edge)
        return self.host(edge.client).run(
            ["env", f"--chdir={loot}", "rsync", f"--rsh={shell} -l {OPERATOR}", *words],
            user=edge.account,
            check=False,
            seconds=60,
        )

    def loot(self, edge: Edge) -> str:
        """An empty directory of the client's account."""
        path = f"{LOOT}.{edge.server}"
        self.host(edge.client).run(["rm", "-rf", path])
        self.host(edge.client).run(["install", "-d", "-o", edge.account, path])
        return path

    def stolen(self, edge: Edge) -> list[str]:
        """What of the server has come into the client's directory."""
        return sorted(path.name for path in self.host(edge.client).path(f"{LOOT}.{edge.server}").rglob("*"))

    def tree(self, edge: Edge) -> str:
        """A digest of everything in the tree that the edge reads."""
        return self.everything(edge.server, edge.tree)

    def everything(self, node: str, top: str) -> str:
        """A digest of names, kinds, owners, modes, times and contents below ``top``, or of their absence."""
        script = (
            r'cd "$1" 2>/dev/null || exit 0; find . -printf "%p %y %U %G %m %s %T@ %l\0" | sort -z | sha256sum;'
            r" find . -type f -size -1M -print0 | sort -z | xargs -0r sha256sum | sha256sum"
        )
        return self.host(node).run(["/bin/sh", "-c", script, "sh", top]).out

    # -- on a node --------------------------------------------------------------------------------------------------

    def shell(self, node: str, script: str, *, user: str = "root") -> Completed:
        """A script of whoever has got hold of an account of a node."""
        return self.host(node).run(["/bin/sh", "-c", script], user=user, check=False, seconds=60)

    def unmarked(self) -> None:
        """Nobody has got through anywhere."""
        for name, host in self.fleet.hosts.items():
            assert not host.path(MARK).exists(), f"{name} was taken over"

    def names(self, node: str, top: str) -> list[str]:
        """The names of backups below ``top``. What an interrupted transfer leaves for the next one is none."""
        return sorted(entry.name for entry in self.host(node).path(top).iterdir() if entry.name[0] != ".")

    def file(self, node: str, path: str) -> Path:
        return self.host(node).path(path)

    def capsule(self, node: str, name: str, *, stdin: str = "") -> Completed:
        """Run a capsule as root, whatever its status."""
        return self.fleet.capsule(node, name, stdin=stdin, check=False)

    def sudo(self, node: str, *words: str, env: dict[str, str] | None = None) -> Completed:
        """The operator's attempt at sudo on a node."""
        return self.host(node).run(["sudo", "-n", *words], user=OPERATOR, env=env, check=False, seconds=30)


def sender(node: str) -> str:
    """The capsule that the operator of a node may run."""
    names = {"services-1": "send_collection_compute-1", "scc-1": "send_offsite_compute-1"}
    return f"{PROGRAMS}/{names.get(node, 'send_nightly')}"
