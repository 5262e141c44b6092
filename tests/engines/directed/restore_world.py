"""A store and one of its sources in a mount namespace, with their own capsules; the network is a socket."""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

from fleets import HERE
from rendered import write_capsules
from store_world import StoreWorld

from generator.engines.directed import quiesce, restore
from generator.engines.directed import store as stores
from generator.engines.discovery import quiescers
from generator.inventory.model import Fleet, Ownership, Paths, Quiescer, RestorePoint

SYSTEMCTL = """#!/bin/bash
state=inactive
[[ ! -e {root}/runs ]] || state=active
for word; do [[ "$word" != *LoadState* ]] || echo LoadState=loaded; done
echo "ActiveState=$state"
"""


class RestoreWorld(StoreWorld):
    """The node ``alpha`` is here too: its data lies at /srv/data of the namespace, its capsules in ``bin``."""

    points: tuple[RestorePoint, ...] = (
        RestorePoint(name="some", dataset="data", path="/srv/data/in/here", source="deployment", origin=HERE),
    )

    def __init__(self) -> None:
        super().__init__()
        self.live = self.parts["alpha", "data"].data
        done = self.command("sh", "-ec", f"mkdir -p /srv; mount --bind {self.live.parent} /srv")
        assert done.returncode == 0, done.stderr
        self.stand_in("systemctl", SYSTEMCTL.format(root=self.root))
        self.programs = self.root / "bin"  # where capsules are called
        self.calls: list[str] = []  # capsules that were reached over the network

    def fleet(self, engine: str, settings: dict[str, Any], ownership: Ownership, changes: dict[str, Any]) -> Fleet:
        """The same fleet, with ``alpha`` on this machine, beside Docker."""
        fleet = super().fleet(engine, settings, ownership, {"permit_seconds": 1800, **changes})
        docker = quiescers()["docker"]
        quiescer = Quiescer(name="containers", engine="docker", settings=docker.settings(), origin=HERE)
        here = fleet.node("target")
        nodes = tuple(
            replace(node, hostname=here.hostname, tools=here.tools, quiescers=(quiescer,), restore_points=self.points)
            if node.name == "alpha"
            else node
            for node in fleet.nodes
        )
        return replace(fleet, nodes=nodes)

    def install(self, engine: str = "tree", **given: Any) -> Fleet:
        """The capsules of the store and of ``alpha``."""
        fleet = super().install(engine, **given)
        self.add_restores(fleet)
        return fleet

    def add_restores(self, fleet: Fleet) -> None:
        """What the restores of a fleet need, on both nodes."""
        for contribution in restore.contributions(fleet, fleet.directed_plans[0]):
            if contribution.node in ("alpha", "target"):
                self.add(contribution.capsules)
            for connection in contribution.connections:
                if connection.edge.client == "alpha":
                    (Path(fleet.paths.programs) / "ssh" / connection.edge.name).write_text("key")

    def add_pauses(self, fleet: Fleet) -> None:
        """What holds ``alpha`` still, stops it and starts it again."""
        for contribution in quiesce.contributions(fleet, fleet.directed_plans[0]):
            if contribution.node == "alpha":
                self.add(contribution.capsules)

    def move_to_staging(self, fleet: Fleet) -> None:
        """The store's volume is another fleet's from now on: the same inventory with a prefix and other numbers."""
        there = self.root / "staging"
        for name in ("bin", "ssh", "log", "state/locks", "state/runs"):
            (there / name).mkdir(parents=True)
        paths = Paths(programs=str(there), logs=f"{there}/log", state=f"{there}/state", metrics="")
        numbers = {name: number + 1000 for name, number in fleet.data_numbers.items()}
        moved = replace(fleet, prefix="uat", deployment="uat-test", paths=paths, data_numbers=numbers)
        self.programs, self.capsules = there / "bin", ()
        kept = stores.contributions(moved, moved.directed_plans[0])[0]
        self.add(kept.capsules)
        self.add_restores(moved)

    def add(self, capsules: tuple[Any, ...]) -> None:
        """Put more capsules into ``bin``."""
        self.capsules += capsules
        write_capsules(capsules)

    def start_docker(self) -> None:
        """The daemon runs."""
        (self.root / "runs").touch()

    def stop_docker(self) -> None:
        """It does not."""
        (self.root / "runs").unlink()

    def capsule(self, name: str, stdin: str = "latest\n") -> subprocess.CompletedProcess[str]:
        """Run a capsule of this name to its end."""
        return self.command(self.programs / name, stdin=stdin)

    def start_capsule(self, name: str, stdin: str) -> subprocess.Popen[str]:
        """Start a capsule in a session of its own."""
        process = subprocess.Popen(
            self.entering(self.programs / name), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        return process

    def records(self) -> list[dict[str, str]]:
        """What restores have left behind, oldest first."""
        found = sorted((self.programs.parent / "state" / "restores").glob("[0-9]*"), key=os.path.getmtime)
        return [dict(line.split("=", 1) for line in path.read_text().splitlines()) for path in found]

    def _answer(self, link: socket.socket) -> None:
        # The name is read before it is known whether it is a sender's of a part, which the store's own world answers.
        name = link.recv(300, socket.MSG_PEEK).split(b"\n")[0].decode()
        if name.startswith("collect_") or name.partition(".")[2].startswith("send_deployment_"):
            super()._answer(link)
            return
        link.recv(len(name) + 1)
        capsule = name.partition(".")[2]
        self.calls.append(capsule)
        with link:
            subprocess.run(
                self.entering(self.programs / capsule),
                stdin=link.fileno(), stdout=link.fileno(), stderr=subprocess.DEVNULL, check=False,
                env={"PATH": "/usr/sbin:/usr/bin"},
            )  # fmt: skip


__all__ = ["RestoreWorld"]
