"""The machines that a page is followed on: lab hosts, and directories (`docs.place`) that stand for all others."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from docs.pages import Carry

from generator.lab import Host


class Machine(Protocol):
    """Runs commands and holds files."""

    def shell(self, script: str) -> tuple[int, str]:
        """The status of a bash script that begins in root's home, and all that it said."""

    def path(self, written: str) -> Path:
        """Where this machine finds what a page calls ``written``."""


@dataclass(frozen=True, slots=True)
class Node:
    """A lab host, as root at its console; nothing there may take longer than ``seconds``."""

    host: Host
    seconds: float = 300

    def shell(self, script: str) -> tuple[int, str]:
        done = self.host.run(["bash", "-c", f"cd /root; exec 2>&1; {script}"], check=False, seconds=self.seconds)
        return done.status, done.out

    def path(self, written: str) -> Path:
        return self.host.path(written if written.startswith("/") else f"/root/{written}")


def carry(machines: Mapping[str, Machine], carried: Carry) -> None:
    """Move what a `carry` block names from one machine to another."""
    copy(machines[carried.source].path(carried.path), machines[carried.host].path(carried.target))


def copy(source: Path, target: Path) -> None:
    """Make ``target`` the same file as ``source``, or the same directory with all that is in it and nothing else."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)
