"""Saved states of a host's disk, so that a test starts from a known one in a fraction of a second."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from generator.lab.execution import outside


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """A copy of a host's disk at one moment, valid for as long as its lab."""

    host: str
    copy: Path


def save_disk(upper: Path, copy: Path) -> None:
    """Copy the layer ``upper`` of a host that stands still, with everything the overlay keeps in it."""
    outside(["cp", "-a", "--reflink=auto", "--", str(upper), str(copy)], seconds=300)


def load_disk(copy: Path, upper: Path, work: Path) -> None:
    """Put a saved copy, or an empty layer if ``copy`` does not exist, in the place of ``upper``."""
    for directory in (upper, work):
        if directory.exists():
            shutil.rmtree(directory)
    work.mkdir(mode=0o700)
    if copy.exists():
        save_disk(copy, upper)
    else:
        upper.mkdir(mode=0o755)
