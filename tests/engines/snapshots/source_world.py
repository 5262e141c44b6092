"""One source in a mount namespace of its own: real capsules, a /run that nobody else sees, tools to be replaced."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fleets import HERE, make_dataset, make_directed, make_fleet, make_limits, make_node, make_store
from namespace import Namespace
from rendered import faults, write_capsules

from generator.engines.directed import source
from generator.engines.discovery import snapshots
from generator.engines.producers.paths import PathsSettings
from generator.inventory.model import Dataset, Fleet, Paths, Quiescer, Snapshot
from generator.inventory.tools import TOOLS
from generator.plan import Capsule
from generator.verify.report import Fault

RUN = Path("/run/capsule/test/deployment")


def make_part(name: str, path: str, engine: str = "", *, exclude: tuple[str, ...] = (), **own: Any) -> Dataset:
    """A dataset of one path, frozen by ``engine`` with its ``own`` settings; some of them are the dataset's."""
    common = {key: own.pop(key) for key in ("mountpoint", "canary") if key in own}
    mount = own.pop("mount", "")
    frozen = None
    if engine:
        settings = snapshots()[engine].settings.model_validate(own)
        frozen = Snapshot(engine=engine, settings=settings, mount=mount, origin=HERE)
    return make_dataset(name, settings=PathsSettings(paths=(path,), exclude=exclude), snapshot=frozen, **common)


def identifier(seconds: int = 0) -> str:
    """The moment that many seconds from now."""
    return datetime.fromtimestamp(datetime.now(UTC).timestamp() + seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


class Source(Namespace):
    """The node ``alpha`` of a directed plan ``deployment``, below one temporary directory."""

    def __init__(self) -> None:
        super().__init__("capsule-source-")
        for name in ("tools", "bin", "state/locks", "log", "real"):
            (self.root / name).mkdir(parents=True)
        self.capsules: tuple[Capsule, ...] = ()
        self.quiescers: tuple[Quiescer, ...] = ()
        self.stand_in("logger", "exit 0")

    def close(self) -> None:
        """End everything that was started here; the namespace takes its mounts with it."""
        # what still looks after snapshots would keep the namespace
        self.command("sh", "-c", f"umount -R {self.root}/fs 2>/dev/null; pkill -9 -f 'bash.*{self.root}/state'; true")
        super().close()

    # --- What is built

    def stand_in(self, tool: str, script: str) -> None:
        """What lies at the sealed path of ``tool`` from now on, in bash; ``$REAL`` is the real one."""
        path = self.root / "tools" / tool
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/bash\nREAL={TOOLS['debian'][tool]} ROOT={self.root}\n{script}\n")
        path.chmod(0o755)

    def real_tool(self, tool: str) -> None:
        """Put the real ``tool`` back."""
        path = self.root / "tools" / tool
        path.unlink(missing_ok=True)
        path.symlink_to(TOOLS["debian"][tool])

    def fleet(self, datasets: Iterable[Dataset]) -> Fleet:
        """One source, one director, one store."""
        tools = {name: f"{self.root}/tools/{name}" for name in TOOLS["debian"]}
        alpha = make_node(
            "alpha",
            hostname=Path("/proc/sys/kernel/hostname").read_text().strip(),
            datasets=tuple(sorted(datasets, key=lambda one: one.name)),
            tools=tools,
            quiescers=self.quiescers,
        )
        plan = make_directed("deployment", "director", (make_store("target", ("alpha",)),), limits=make_limits(300))
        return make_fleet(
            (alpha, make_node("director"), make_node("target")),
            paths=Paths(programs=str(self.root), logs=f"{self.root}/log", state=f"{self.root}/state", metrics=""),
            directed_plans=(plan,),
        )

    def install(self, *datasets: Dataset) -> None:
        """Put the capsules of a source with ``datasets`` into ``bin``."""
        fleet = self.fleet(datasets)
        for tool in TOOLS["debian"]:
            if not (self.root / "tools" / tool).exists():
                self.real_tool(tool)
        (contribution,) = source.contributions(fleet, fleet.directed_plans[0])
        self.capsules = contribution.capsules
        write_capsules(self.capsules)

    def faults(self) -> tuple[Fault, ...]:
        """What the verification of a build finds in the capsules."""
        return faults(self.capsules, self.root / "scratch")

    # --- What is done

    def start(
        self, name: str, stdin: str = "", *, keep_open: bool = False, before: Callable[[int], object] = lambda _: None
    ) -> subprocess.Popen[str]:
        """Start a capsule in a process group of its own; ``before`` hears its number before it has its input."""
        process = subprocess.Popen(
            self.entering(self.root / "bin" / name),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
            start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        before(process.pid)
        process.stdin.write(stdin)
        if not keep_open:
            process.stdin.close()
        return process

    @contextmanager
    def held(self, *words: str | Path) -> Iterator[str]:
        """A command in the namespace, from its first line on, which is given, until its input ends."""
        process = subprocess.Popen(self.entering(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None and process.stdout is not None
        try:
            yield process.stdout.readline()
        finally:
            process.stdin.close()
            process.wait()
            process.stdout.close()

    def run(self, name: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a capsule to its end."""
        return self.command(self.root / "bin" / name, stdin=stdin)

    def prepare(self, moment: str = "") -> subprocess.CompletedProcess[str]:
        """Take the snapshots of ``moment``, now if there is none."""
        return self.run("prepare_deployment", f"{moment or identifier()}\n")

    def remove(self) -> subprocess.CompletedProcess[str]:
        """Remove the snapshots."""
        return self.run("remove_deployment")

    def fetch(self, dataset: str, what: str, *options: str) -> Path | None:
        """Pull ``data`` or ``record`` of a part as a store does; None if rsync failed."""
        target = self.root / "fetched" / f"{dataset}.{what}"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        as_a_store = ("-aHSAX", "--numeric-ids", "--partial", "--delete", "--modify-window=-1", "--timeout=300")
        done = self.pull(dataset, *(options or as_a_store), f"h::{what}/", f"{target}/")
        return target if done.returncode == 0 else None

    def pull(self, dataset: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run rsync with the sender of ``dataset`` at the other end."""
        shell = self.root / "shell"
        entering = " ".join(self.entering(self.root / "bin" / f"send_deployment_{dataset}"))
        shell.write_text(f"#!/bin/sh\nexec {entering}\n")
        shell.chmod(0o755)
        return subprocess.run(
            ["rsync", f"--rsh={shell}", *words], capture_output=True, text=True, check=False, timeout=120
        )

    def record(self, dataset: str) -> Mapping[str, str]:
        """What the sender says about its part."""
        fetched = self.fetch(dataset, "record")
        assert fetched is not None
        return dict(line.split("=", 1) for line in (fetched / "record").read_text().splitlines())

    def log(self, name: str) -> str:
        """What a capsule has logged so far."""
        path = self.root / "log" / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def mounts(self) -> list[str]:
        """Everything that is mounted below the run directory, and snapshots elsewhere."""
        lines = self.command("cat", "/proc/self/mountinfo").stdout.splitlines()
        points = [line.split()[4] for line in lines]
        return [point for point in points if point.startswith((str(RUN), f"{self.root}/snapshot"))]


def kill_group(process: subprocess.Popen[str]) -> None:
    """kill -9 of a whole process group."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


__all__ = ["HERE", "RUN", "Source", "identifier", "kill_group", "make_part", "replace"]
