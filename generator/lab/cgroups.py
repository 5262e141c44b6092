"""Control groups of hosts: what containers are paused with, and what must be empty when a lab is gone."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from generator.lab.errors import LabError, LabUnavailable

# a machine that still has the controllers of version 1 keeps the tree of version 2 beside them
_MOUNTS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))


def hierarchy() -> Path:
    """Where this machine has its tree of control groups of version 2; raises `LabUnavailable` if nowhere.

    In version 1 what is frozen cannot be killed, so that a host with a paused container could not lose its power.
    """
    for mount in _MOUNTS:
        if (mount / "cgroup.controllers").exists():
            return mount
    raise LabUnavailable("hosts with containers need control groups of version 2, mounted at /sys/fs/cgroup")


def remove(group: Path, seconds: float = 20) -> None:
    """Remove ``group`` and all below it, waiting until the last of its processes has ended.

    A group that does not exist is removed already. Raises `LabError` after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while group.is_dir():
        for directory, _, _ in os.walk(group, topdown=False):
            with suppress(OSError):
                Path(directory).rmdir()
        if time.monotonic() > deadline:
            raise LabError(f"{group} still has processes after {seconds:g} s")
        time.sleep(0.01)
