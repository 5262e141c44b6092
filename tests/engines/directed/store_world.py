"""One store in a mount namespace of its own: real rsync, real data accounts, stand-ins for senders and for ssh."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fleets import make_dataset, make_directed, make_fleet, make_limits, make_node, make_retention, make_store
from namespace import Namespace
from network import Network, stopped_date
from odd_trees import odd
from offers import Part, listing
from rendered import faults, write_capsules

from generator.engines.directed import source as senders
from generator.engines.directed import store as stores
from generator.engines.discovery import keepers
from generator.engines.node_capsules import node_capsules
from generator.engines.producers.paths import PathsSettings
from generator.engines.stores.tree import topology
from generator.inventory.model import DirectedStore, Fleet, Operator, Ownership, Paths
from generator.inventory.tools import TOOLS
from generator.plan import Capsule
from generator.verify.report import Fault

ALPHA = 0x70000001
START = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)


class StoreWorld(Namespace):
    """The node ``target`` of the plan ``deployment``, with sources ``alpha`` (one dataset) and ``beta`` (two)."""

    datasets: Mapping[str, Mapping[str, str]] = {
        "alpha": {"data": "/srv/data"},
        "beta": {"data": "/srv/data", "etc": "/etc"},
    }

    def __init__(self) -> None:
        super().__init__("capsule-store-")
        for name in ("tools", "bin", "state/locks", "state/runs", "log", "ssh", "store", "sources"):
            (self.root / name).mkdir(parents=True, mode=0o755)
        self.capsules: tuple[Capsule, ...] = ()
        self.now = START
        self.parts: dict[tuple[str, str], Part] = {}
        self.real_senders = False
        for node, datasets in self.datasets.items():
            for name, place in datasets.items():
                path = self.root / "sources" / node / name
                path.mkdir(parents=True)
                (path / "file").write_text(f"{node} {name}\n")
                self.parts[node, name] = Part(path, place)
        self._tools()
        self.set_now(START)

    def _tools(self) -> None:
        for tool, path in TOOLS["debian"].items():
            (self.root / "tools" / tool).symlink_to(path)
        self._network = Network(self.root / "network", lambda link: self._answer(link))
        self.stand_in("ssh", self._network.ssh)
        self.stand_in("date", stopped_date(self.root / "now"))
        self.stand_in("logger", "#!/bin/sh\n")

    def stand_in(self, tool: str, script: str) -> None:
        """What lies at the sealed path of ``tool`` from now on."""
        path = self.root / "tools" / tool
        path.unlink(missing_ok=True)
        path.write_text(script)
        path.chmod(0o755)

    def real_tool(self, tool: str) -> None:
        """Put the real ``tool`` back."""
        path = self.root / "tools" / tool
        path.unlink(missing_ok=True)
        path.symlink_to(TOOLS["debian"][tool])

    def close(self) -> None:
        """End everything; the namespace takes its mounts with it."""
        self._network.close()
        super().close()

    # --- What is built

    def fleet(self, engine: str, settings: dict[str, Any], ownership: Ownership, changes: dict[str, Any]) -> Fleet:
        """One store that pulls both sources, two at once."""
        tools = {name: f"{self.root}/tools/{name}" for name in TOOLS["debian"]}
        hostname = Path("/proc/sys/kernel/hostname").read_text().strip()
        nodes = [make_node("director"), make_node("target", hostname=hostname, tools=tools)]
        for node, datasets in self.datasets.items():
            made = tuple(
                make_dataset(name, settings=PathsSettings(paths=(path,))) for name, path in sorted(datasets.items())
            )
            nodes.append(make_node(node, hostname=hostname, tools=tools, datasets=made))
        store: DirectedStore = make_store(
            "target",
            tuple(self.datasets),
            engine=engine,
            path=str(self.root / "store"),
            ownership=ownership,
            settings=keepers()[engine].keeper_settings.model_validate(settings),
        )
        limits = make_limits(900, largest_file_bytes=50_000_000, reserve_bytes=1_000_000)
        given = {"limits": limits, "retention": make_retention(last=2, keep_minimum=1), **changes}
        return make_fleet(
            nodes,
            operator=Operator(name="operator", number=1901, home="/nonexistent"),
            paths=Paths(programs=str(self.root), logs=f"{self.root}/log", state=f"{self.root}/state", metrics=""),
            data_numbers={"alpha": ALPHA, "beta": ALPHA + 1},
            directed_plans=(make_directed("deployment", "director", (store,), **given),),
        )

    def install(
        self,
        engine: str = "tree",
        *,
        ownership: Ownership = Ownership.FAKE_SUPER,
        settings: Any = None,
        **changes: Any,
    ) -> Fleet:
        """Put the capsules of the store into ``bin``, and the keys where they belong."""
        fleet = self.fleet(engine, settings or {}, ownership, changes)
        contribution, place, *_ = stores.contributions(fleet, fleet.directed_plans[0])
        self.capsules = (*contribution.capsules, *node_capsules(fleet, fleet.node("target"), (contribution,)))
        write_capsules(self.capsules)
        numbers = {topology.data_account(fleet, one).name: fleet.data_numbers[one] for one in self.datasets}
        (self.root / "ssh").chmod(0o711)
        sent = senders.contributions(fleet, fleet.directed_plans[0])
        for connection in (one for part in sent for one in part.connections if one.edge.purpose == "collect"):
            key = self.root / "ssh" / connection.edge.name
            key.write_text("key")
            key.chmod(0o440)
            os.chown(key, 0, numbers.get(connection.key_group, 0))
        for directory in place.directories:
            self.command("chmod", f"{directory.mode:o}", directory.path)
        return fleet

    def install_senders(self) -> None:
        """The real capsules of ``alpha`` answer from now on: its one dataset is read as it lies on this machine."""
        self.datasets = {"alpha": {"data": str(self.parts["alpha", "data"].data)}}
        self.install()
        fleet = self.fleet("tree", {}, Ownership.FAKE_SUPER, {})
        write_capsules(
            [one for part in senders.contributions(fleet, fleet.directed_plans[0]) for one in part.capsules]
        )
        self.real_senders = True

    def faults(self) -> tuple[Fault, ...]:
        """What the verification of a build finds in the capsules."""
        return faults(self.capsules, self.root / "scratch")

    # --- What is done

    def set_now(self, now: datetime) -> None:
        """What the sealed ``date`` says from now on."""
        self.now = now
        (self.root / "now").write_text(now.isoformat())

    def pass_time(self, **much: int) -> None:
        """Let time pass."""
        self.set_now(self.now + timedelta(**much))

    def moment(self, seconds: int = 0) -> str:
        """The identifier of so many seconds from now."""
        return (self.now + timedelta(seconds=seconds)).strftime("%Y%m%dT%H%M%SZ")

    def run(self, verb: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``<verb>_deployment`` to its end."""
        return self.command(self.root / "bin" / f"{verb}_deployment", stdin=stdin)

    def start(self, verb: str, stdin: str = "") -> subprocess.Popen[str]:
        """Start ``<verb>_deployment`` in a process group of its own."""
        process = subprocess.Popen(
            self.entering(self.root / "bin" / f"{verb}_deployment"),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
            start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        return process

    def pull(self, moment: str = "") -> subprocess.CompletedProcess[str]:
        """All sources freeze at ``moment``, now if there is none, and are pulled."""
        for part in self.parts.values():
            part.identifier = moment or self.moment()
        return self.run("pull", f"{moment or self.moment()}\n")

    def commit(self, word: str = "complete", moment: str = "") -> subprocess.CompletedProcess[str]:
        return self.run("commit", f"{moment or self.moment()} {word}\n")

    def part(self, node: str, dataset: str) -> str:
        """The directory of a part in a stored backup."""
        return f"{node}@{self.datasets[node][dataset].replace('/', '+')}"

    def back_up(self) -> str:
        """A whole run; the name of the stored backup."""
        pulled, committed = self.pull(), self.commit()
        assert (pulled.returncode, pulled.stderr) == (0, ""), pulled
        assert (committed.returncode, committed.stderr) == (0, ""), committed
        return self.moment()

    def names(self) -> list[str]:
        """What ``list_deployment`` says."""
        done = self.run("list")
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.split()

    def log(self, verb: str) -> str:
        """What a capsule has logged so far."""
        path = self.root / "log" / f"{verb}_deployment.log"
        return path.read_text() if path.exists() else ""

    def run_state(self, name: str) -> dict[str, str]:
        """What a state file says."""
        return dict(line.split("=", 1) for line in (self.root / "state" / "runs" / name).read_text().splitlines())

    def read(self, path: Path) -> str:
        """A file as the namespace sees it."""
        done = self.command("cat", path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stored(self) -> list[str]:
        """What lies in the store, where backups are directories, beside the mark of whose it is."""
        return sorted(entry.name for entry in (self.root / "store").iterdir() if entry.name != ".capsule")

    def found(self, path: Path) -> list[str]:
        """Everything below a directory of the namespace."""
        done = self.command("find", path, "-mindepth", "1", "-printf", "%P\\n")
        return sorted(done.stdout.splitlines())

    def info(self, name: str) -> dict[str, str]:
        """The backup.info of a stored backup, where backups are directories."""
        text = self.read(self.root / "store" / name / ".capsule" / "backup.info")
        return dict(line.split("=", 1) for line in text.splitlines())

    # --- The network

    def _answer(self, link: socket.socket) -> None:
        name = b""
        while not name.endswith(b"\n"):
            name += link.recv(1)
        server, _, capsule = name.decode().strip().removeprefix("collect_").partition(".")
        dataset = capsule.removeprefix("send_deployment_")
        part = self.parts[server, dataset]
        with link:
            if part.down:
                return
            if self.real_senders:
                sender = self.entering(self.root / "bin" / capsule)
                subprocess.run(sender, stdin=link, stdout=link, stderr=subprocess.DEVNULL, check=False)
                return
            part.send(link, self.root / "sources" / f"{server}.{dataset}")


def kill_group(process: subprocess.Popen[str]) -> None:
    """kill -9 of a whole process group."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


__all__ = ["ALPHA", "Part", "StoreWorld", "kill_group", "listing", "odd"]
