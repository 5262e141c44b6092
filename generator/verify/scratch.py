"""A directory for the parsers to read from, gone with the build that made it, however that ends."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "capsule-verify-"


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A new directory that only this user can enter; what builds of this user left that were killed is removed first.

    Whoever works in one holds a lock on it, which ends with the process.
    """
    parent = Path(tempfile.gettempdir())
    _sweep(parent)
    path, lock = _make(parent)
    try:
        yield path
    finally:
        # before the lock is let go: nobody else has to clean up after us
        shutil.rmtree(path)
        os.close(lock)


def _make(parent: Path) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        fcntl.flock(lock, fcntl.LOCK_EX)
        # a build that began at this very moment may have taken it for left over
        with suppress(FileNotFoundError):
            if os.path.samestat(path.lstat(), os.fstat(lock)):
                return path, lock
        os.close(lock)


def _sweep(parent: Path) -> None:
    for path in parent.glob(f"{PREFIX}*"):
        # whatever is wrong with another build's directory, this one does not need it
        with suppress(OSError):
            _remove_unless_used(path)


def _remove_unless_used(path: Path) -> None:
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(lock).st_uid == os.geteuid():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
    finally:
        os.close(lock)
