"""A lab's directory and its end: whatever happens to the lab's process, nothing of it stays."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from generator.lab import cgroups
from generator.lab.errors import LabError, LabUnavailable

PREFIX = "capsule-lab."

# Holds the wire's namespace, and ends when the lifeline does: no signal to the lab, not even SIGKILL, is missed.
# The directory and the control group are all that does not end with the processes; the group can go when the last
# process has. The lock of the directory is kept until both are gone.
_KEEPER = r"""
printf 'ready\n'
read -r || :
for ((attempt = 0; attempt < 400; attempt++)); do
  [[ -d $GROUP ]] || break
  find "$GROUP" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
done
exec rm -rf --one-file-system -- "$DIRECTORY"
"""


class RunDirectory:
    """A fresh directory below ``parent`` for one lab, the lifeline all its processes end with, and their keeper.

    Left-overs of labs whose process and keeper were both killed are removed first.
    """

    def __init__(self, parent: Path) -> None:
        if any(character in str(parent) for character in ",:\\"):
            raise LabError(f"{parent}: overlay mounts allow no comma, colon or backslash in a lab's directory")
        parent.mkdir(parents=True, exist_ok=True)
        remove_stale(parent)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        lock = _take(self.path)
        assert lock is not None, "a directory that was just made is nobody else's"
        self.lifeline, self._alive = os.pipe()
        self._keeper = subprocess.Popen(
            ["unshare", "-n", "bash", "-c", _KEEPER],
            stdin=self.lifeline,
            stdout=subprocess.PIPE,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "DIRECTORY": str(self.path),
                "GROUP": str(group_of(self.path) or self.path / "none"),
            },
            pass_fds=(lock,),
            cwd="/",
            start_new_session=True,
        )
        os.close(lock)
        assert self._keeper.stdout is not None
        if self._keeper.stdout.readline() != b"ready\n":
            self.close()
            raise LabError("the lab's network namespace could not be made")

    @property
    def keeper(self) -> int:
        """The process in whose network namespace the wire is."""
        return self._keeper.pid

    def close(self) -> None:
        """End every process of the lab and wait until its directory is gone; a second call does nothing."""
        if self._alive < 0:
            return
        os.close(self._alive)
        os.close(self.lifeline)
        self._alive = -1
        self._keeper.communicate()
        if group := group_of(self.path):
            cgroups.remove(group)
        if self.path.exists():
            shutil.rmtree(self.path)


def remove_stale(parent: Path) -> tuple[Path, ...]:
    """Remove and return the directories below ``parent`` of labs that are dead: nobody holds their lock."""
    removed = []
    for candidate in sorted(parent.glob(f"{PREFIX}*")):
        with suppress(FileNotFoundError):
            lock = _take(candidate)
            if lock is None:
                continue
            try:
                if group := group_of(candidate):
                    cgroups.remove(group)
                shutil.rmtree(candidate)
                removed.append(candidate)
            finally:
                os.close(lock)
    return tuple(removed)


def group_of(directory: Path) -> Path | None:
    """The control group of the lab in ``directory``, where hosts that need one have theirs.

    It need not exist. None on a machine where no host can have one.
    """
    try:
        return cgroups.hierarchy() / directory.name
    except LabUnavailable:
        return None


def _take(directory: Path) -> int | None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
