"""The files that an emulated machine starts from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built machine, shared by all that start from it and never written to.

    ``kernel`` is a directory with ``vmlinux`` and ``initrd``; ``disk`` and ``memory`` are one moment after booting;
    ``key`` is the private key of the lab's own way in.
    """

    kernel: Path
    disk: Path
    memory: Path
    key: Path
