"""A small fleet on this machine: real rsync on both ends, real data accounts by number, ssh replaced by a socket."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from fleets import make_collect, make_fleet, make_limits, make_node, make_protect, make_retention
from manifests import manifest_of
from network import Network, stopped_date
from rendered import rendered

from generator.engines.contribution import Contribution
from generator.engines.stores.tree import topology
from generator.inventory.model import Dataset, Fleet, Node, Operator, Paths
from generator.inventory.tools import TOOLS
from generator.plan import Capsule

TODAY = date(2026, 11, 20)
SOURCES = ("alpha", "beta")


class World:
    """Directories, fleet and the stand-in for the network, below one temporary directory that everybody may enter."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="capsule-world-"))
        self.root.chmod(0o755)
        self.now = self.root / "today"
        self.down: set[str] = set()
        self.serve: dict[str, Callable[[socket.socket], None]] = {}
        self._processes: list[subprocess.Popen[bytes]] = []
        for name in ("bin", "collector", "second"):
            (self.root / name).mkdir(mode=0o755)
        self.set_today(TODAY)
        self._network = Network(self.root / "network", self._answer)
        self._write_tool("ssh", self._network.ssh)
        self._write_tool("date", stopped_date(self.now, " 12:00 UTC"))
        self._write_tool("logger", "#!/bin/sh\n")

    def close(self) -> None:
        """Remove everything."""
        self._network.close()
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        shutil.rmtree(self.root)

    def set_today(self, day: date) -> None:
        """What the sealed ``date`` says from now on."""
        self.now.write_text(day.isoformat())
        self.now.chmod(0o644)

    def _write_tool(self, name: str, text: str) -> None:
        path = self.root / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    # --- The fleet

    def node(self, name: str, datasets: tuple[Dataset, ...] = ()) -> Node:
        tools = {**TOOLS["debian"], **{tool: str(self.root / "bin" / tool) for tool in ("ssh", "date", "logger")}}
        hostname = Path("/proc/sys/kernel/hostname").read_text().strip()
        return make_node(name, hostname=hostname, tools=tools, datasets=datasets)

    def fleet(
        self, *, nodes: Iterable[Node] = (), limits: Mapping[str, int] | None = None, **collection: object
    ) -> Fleet:
        """``nightly`` on every source, ``collection`` on one node, ``offsite`` pulling from that."""
        base = make_limits(120, largest_file_bytes=50_000_000, reserve_bytes=1_000_000)
        retention = make_retention(days=8, keep_minimum=2)
        nightly = make_protect(
            "nightly", SOURCES, path=str(self.root / "backups"), retention=retention, limits=base, preview=True
        )
        collecting = make_collect(
            "collection",
            "nightly",
            "collector",
            SOURCES,
            path=str(self.root / "collector" / "store"),
            retention=retention,
            limits=replace(base, **(limits or {})),  # type: ignore[arg-type]
            preview=True,
        )
        collecting = replace(collecting, **collection)  # type: ignore[arg-type]
        offsite = replace(
            collecting, name="offsite", collects="collection", node="second", path=str(self.root / "second" / "store")
        )
        root = self.root
        return make_fleet(
            tuple(nodes) or tuple(self.node(name) for name in (*SOURCES, "collector", "second")),
            operator=Operator(name="operator", number=1901, home="/nonexistent"),
            paths=Paths(
                programs=str(root / "programs"), logs=str(root / "logs"), state=str(root / "state"), metrics=""
            ),
            protect_plans=(nightly,),
            collect_plans=(collecting, offsite),
            data_numbers={"alpha": 0x70000001, "beta": 0x70000002},
        )

    def install(self, fleet: Fleet, contributions: Iterable[Contribution]) -> None:
        """Capsules of each node below ``nodes/<node>``; the tree of each source at a path of its own."""
        for contribution in contributions:
            for capsule in contribution.capsules:
                self._install_capsule(contribution.node, capsule)
            for connection in contribution.connections:
                key = Path(f"{fleet.paths.programs}/ssh/{connection.edge.name}")
                key.parent.mkdir(parents=True, exist_ok=True)
                key.parent.parent.chmod(0o755)
                key.parent.chmod(0o711)
                key.write_text("key")
                key.chmod(0o440)
                number = next(
                    (
                        n
                        for s, n in fleet.data_numbers.items()
                        if topology.data_account(fleet, s).name == connection.key_group
                    ),
                    0,
                )
                os.chown(key, 0, number)
            for directory in contribution.directories:
                Path(directory.path).mkdir(parents=True, exist_ok=True)
                Path(directory.path).chmod(directory.mode)

    def _install_capsule(self, node: str, capsule: Capsule) -> None:
        own = self.own_path(node)
        text = rendered(capsule).text
        # Every node has its own state, logs and local tree here, although all are one machine.
        for shared in ("state", "logs", "backups"):
            text = text.replace(str(self.root / shared), str(own / shared))
        path = own / "bin" / capsule.name
        path.parent.mkdir(parents=True, exist_ok=True)
        for name in ("state/runs", "state/locks", "state/restores", "state/acknowledged", "logs", "backups"):
            (own / name).mkdir(parents=True, exist_ok=True)
        (own / "backups").chmod(0o700)
        path.write_text(text)
        path.chmod(0o755)

    def own_path(self, node: str) -> Path:
        """Where a node keeps what is its own."""
        return self.root / "nodes" / node

    def capsule(self, node: str, name: str) -> Path:
        return self.own_path(node) / "bin" / name

    def run(self, node: str, name: str, *, stdin: str = "", timeout: int = 120) -> subprocess.CompletedProcess[str]:
        """Run a capsule as cron would."""
        return subprocess.run(
            [self.capsule(node, name)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env={"PATH": "/usr/bin:/bin"},
            errors="surrogateescape",
        )

    def start(self, node: str, name: str) -> subprocess.Popen[bytes]:
        """Start a capsule in a process group of its own."""
        process = subprocess.Popen(
            [self.capsule(node, name)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def log(self, node: str, name: str) -> str:
        return (self.own_path(node) / "logs" / f"{name}.log").read_text()

    def run_state(self, node: str, name: str) -> dict[str, str]:
        lines = (self.own_path(node) / "state" / "runs" / name).read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    # --- The network

    def _answer(self, link: socket.socket) -> None:
        name = b""
        while not name.endswith(b"\n"):
            byte = link.recv(1)
            if not byte:  # killed before it said whom it wants
                link.close()
                return
            name += byte
        server, _, capsule = name.decode().strip().removeprefix("restore_").removeprefix("collect_").partition(".")
        with link:
            if server in self.down:
                return
            if server in self.serve:
                self.serve[server](link)
                return
            subprocess.run(
                [self.capsule(server, capsule)], stdin=link, stdout=link, stderr=subprocess.DEVNULL, check=False
            )

    # --- Local trees

    def local_tree(self, source: str) -> Path:
        return self.own_path(source) / "backups"

    def make_backup(self, source: str, name: str, fill: Callable[[Path], None]) -> Path:
        """A local backup as a protecting plan would leave it, with a manifest by this module's own walker."""
        backup = self.local_tree(source) / name
        backup.mkdir(mode=0o700)
        (backup / "etc").mkdir()
        fill(backup / "etc")
        (backup / "backup.info").write_text(f"identifier={name[:10]}\n")
        (backup / "manifest").write_bytes(manifest(backup))
        return backup


def manifest(backup: Path) -> bytes:
    """The manifest of a native tree."""
    return manifest_of(backup, _digest, without=(b"manifest", b"backup.info"))


def _digest(path: bytes, kind: str, found: os.stat_result) -> str:
    match kind:
        case "f":
            return hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).hexdigest()
        case "l":
            return hashlib.sha256(os.fsencode(Path(os.fsdecode(path)).readlink())).hexdigest()
        case "b" | "c":
            return f"{os.major(found.st_rdev)},{os.minor(found.st_rdev)}"
        case _:
            return "-"


def day(offset: int) -> str:
    """The identifier of a day counted from today."""
    return (TODAY + timedelta(days=offset)).isoformat()


def noon(identifier: str) -> int:
    """Seconds since the epoch at noon of an identifier's day."""
    return int(datetime.fromisoformat(f"{identifier}T12:00:00").replace(tzinfo=UTC).timestamp())


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """kill -9 of a whole process group, as an operator in panic would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
