"""The machines that a page is followed on: lab hosts, and directories that stand for all others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from docs.pages import Carry

from generator.lab import Host

ROOT = Path(__file__).parents[2]


class Machine(Protocol):
    """Runs commands and holds files."""

    def shell(self, script: str) -> tuple[int, str]:
        """The status of a bash script that begins in root's home, and all that it said."""

    def path(self, written: str) -> Path:
        """Where this machine finds what a page calls ``written``."""


@dataclass(frozen=True, slots=True)
class Place:
    """A directory as the home of somebody who compiles, or of somebody who keeps a file.

    ``gen`` is what an installation would put there: this very code, called as a program of its own.
    """

    home: Path

    def install_gen(self) -> None:
        """Do what the README says about installing."""
        gen = self.path(".local/bin/gen")
        gen.parent.mkdir(parents=True)
        gen.write_text(f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -m generator \"$@\"\n")
        gen.chmod(0o755)

    def shell(self, script: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.home,
            env={
                "PATH": f"{self.path('.local/bin')}:{os.environ['PATH']}",
                "HOME": str(self.home),
                "LC_ALL": "C.UTF-8",
                "NO_COLOR": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout

    def path(self, written: str) -> Path:
        assert not written.startswith("/"), f"{written} would lead out of this machine's directory"
        return self.home / written


@dataclass(frozen=True, slots=True)
class Node:
    """A lab host, as root at its console."""

    host: Host

    def shell(self, script: str) -> tuple[int, str]:
        done = self.host.run(["bash", "-c", f"cd /root; exec 2>&1; {script}"], check=False, seconds=300)
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
