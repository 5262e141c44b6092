"""A source on a host or on the emulated machine: its sealed capsules, and a store that pulls on the same machine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fleets import HERE, make_dataset, make_directed, make_fleet, make_limits, make_node, make_store
from rendered import rendered

from generator.engines.directed import source
from generator.engines.discovery import snapshots
from generator.engines.producers.paths import PathsSettings
from generator.inventory.model import Dataset, Lease, Snapshot
from generator.lab.console import Console

BIN = "/opt/capsule/test/bin"
DIRECTORIES = (BIN, "/var/lib/capsule/test/locks", "/var/log/capsule/test", "/root/fetched")
SHELL = "/root/shell"


def make_part(name: str, path: str, engine: str = "", **settings: Any) -> Dataset:
    """A dataset of one path, frozen by ``engine``."""
    frozen = None
    if engine:
        read = snapshots()[engine].settings.model_validate(settings)
        frozen = Snapshot(engine=engine, settings=read, mount="", origin=HERE)
    return make_dataset(name, settings=PathsSettings(paths=(path,)), snapshot=frozen)


class Source:
    """The node ``alpha`` of a plan ``deployment`` on ``console``, which is its own store, without ssh."""

    def __init__(self, console: Console, *datasets: Dataset) -> None:
        self.console = console
        self._minted = 0
        node = make_node(
            "alpha", hostname=console.run(["hostname"]).out.strip(), datasets=tuple(sorted(datasets, key=_name))
        )
        lease = Lease(deadline_seconds=300, cool_down_seconds=600, origin=HERE)
        plan = make_directed(
            "deployment", "director", (make_store("target", ("alpha",)),), limits=make_limits(600), lease=lease
        )
        fleet = make_fleet((node, make_node("director"), make_node("target")), directed_plans=(plan,))
        (contribution,) = source.contributions(fleet, plan)
        self.shell(f"mkdir -p {' '.join(DIRECTORIES)}")
        for capsule in contribution.capsules:
            self._write(capsule.path, rendered(capsule).text)

    def _write(self, path: str, text: str) -> None:
        self.console.run(["tee", path], stdin=text)
        self.console.run(["chmod", "0755", path])

    def shell(self, script: str, *, check: bool = True) -> str:
        """Run a script of bash there."""
        return self.console.run(["/bin/bash", "-euc", script], check=check, seconds=300).out.strip()

    def prepare(self) -> str:
        """Take the snapshots of a moment that is later than the last one; what was answered."""
        self._minted = max(self._minted + 1, int(self.console.run(["date", "+%s"]).out))
        moment = datetime.fromtimestamp(self._minted, UTC).strftime("%Y%m%dT%H%M%SZ")
        return self._run("prepare_deployment", f"{moment}\n")

    def remove(self) -> str:
        """Remove the snapshots; what was answered."""
        return self._run("remove_deployment", "")

    def _run(self, name: str, stdin: str) -> str:
        done = self.console.run([f"{BIN}/{name}"], stdin=stdin, check=False, seconds=300)
        return done.out.strip().replace("\n", "; ")

    def record(self, dataset: str) -> Mapping[str, str]:
        """What the sender says about its part, now."""
        self._pull(dataset, "record")
        text = self.shell(f"cat /root/fetched/{dataset}.record/record")
        return dict(line.split("=", 1) for line in text.splitlines())

    def data(self, dataset: str) -> str:
        """Where the data of a part lies after it was pulled."""
        self._pull(dataset, "data")
        return f"/root/fetched/{dataset}.data"

    def _pull(self, dataset: str, module: str) -> None:
        self._write(SHELL, f"#!/bin/sh\nexec {BIN}/send_deployment_{dataset}\n")
        target = f"/root/fetched/{dataset}.{module}"
        self.shell(f"rm -rf {target}; mkdir {target}; rsync -aHS --numeric-ids --rsh={SHELL} h::{module}/ {target}/")

    def mounts(self) -> str:
        """What is mounted below the plan's directory."""
        return self.shell("awk '$5 ~ \"^/run/capsule/\" { print $5 }' /proc/self/mountinfo")

    def log(self, name: str) -> str:
        """What a capsule has logged."""
        return self.shell(f"cat /var/log/capsule/test/{name}.log")


def _name(dataset: Dataset) -> str:
    return dataset.name
