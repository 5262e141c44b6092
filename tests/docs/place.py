"""A directory that stands for a machine on which somebody follows a page."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import remembering

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Place:
    """A directory as the home of somebody who compiles, or of somebody who keeps a file.

    ``gen`` is what an installation would put there: this very code, called as a program of its own, which asks
    shellcheck only about what no other test has asked about.
    """

    home: Path

    def install_gen(self) -> None:
        """Do what the README says about installing."""
        gen = self.path(".local/bin/gen")
        gen.parent.mkdir(parents=True)
        told = f"{remembering.VARIABLE}='{os.environ[remembering.VARIABLE]}' PYTHONPATH='{ROOT}'"
        gen.write_text(f"#!/bin/sh\n{told} exec '{sys.executable}' '{remembering.__file__}' \"$@\"\n")
        gen.chmod(0o755)

    def shell(self, script: str, entering: Sequence[str] = (), **variables: str) -> tuple[int, str]:
        """The status of a bash script that begins at home, and all that it said, both outputs together.

        ``entering`` are the words that call bash somewhere else, ``variables`` some more of its environment.
        """
        done = subprocess.run(
            [*entering, "bash", "-c", script],
            cwd=self.home,
            env={
                "PATH": f"{self.path('.local/bin')}:{os.environ['PATH']}",
                "HOME": str(self.home),
                "LC_ALL": "C.UTF-8",
                "NO_COLOR": "1",
                **variables,
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
