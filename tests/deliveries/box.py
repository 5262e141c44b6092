"""A throw-away root: this machine's own files under an overlay, with a host name, /run and accounts of its own."""

from __future__ import annotations

import hashlib
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

_START = """
set -euo pipefail
mount -t tmpfs -o mode=0755 box "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay box -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount --rbind /proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs -o mode=0755 run "$1/root/run"
mount -t tmpfs -o mode=1777 tmp "$1/root/tmp"
printf '%s' "$2" >/proc/sys/kernel/hostname
cd "$1/root"
pivot_root . .
umount -l .
exec chroot . /bin/bash -c 'echo ready; read -r || :'
"""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


class Box:
    """One throw-away root; `close` leaves nothing of it."""

    def __init__(self, directory: Path, hostname: str) -> None:
        self._first = subprocess.Popen(
            [
                "unshare",
                "-m",
                "-u",
                "--propagation",
                "private",
                "bash",
                "-c",
                _START,
                "box",
                str(directory),
                hostname,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._first.stdout is not None
        assert self._first.stdout.readline() == b"ready\n", "the throw-away root did not start"

    def close(self) -> None:
        """End it."""
        self._first.communicate()

    def path(self, inside: str) -> Path:
        """Where this machine finds the absolute path ``inside``."""
        return Path(f"/proc/{self._first.pid}/root{inside}")

    def run(self, *argv: str, cwd: str = "/", seconds: float = 120) -> Ended:
        """Run a command as root, in a session of its own and a bare environment."""
        entering = ["nsenter", "-t", str(self._first.pid), "-m", "-u", "-r", "--"]
        done = subprocess.run(
            [*entering, "env", "-i", f"--chdir={cwd}", f"PATH={_PATH}", *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            start_new_session=True,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def write(self, inside: str, content: str, mode: int = 0o644) -> None:
        """Make the file ``inside``, and the directories above it."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        path.unlink(missing_ok=True)
        path.write_text(content)
        path.chmod(mode)

    def snapshot(self, *roots: str, inodes: bool = True) -> dict[str, tuple[object, ...]]:
        """Everything below ``roots``: type and mode, owner, content; with ``inodes`` also inode number and times."""
        found: dict[str, tuple[object, ...]] = {}
        for root in roots:
            top = self.path(root)
            for entry in [top, *sorted(top.rglob("*"))] if top.exists() else []:
                found["/" + str(entry.relative_to(self.path("/")))] = _seen(entry, inodes)
        return found


def _seen(entry: Path, inodes: bool) -> tuple[object, ...]:
    status = entry.lstat()
    content = ""
    if stat.S_ISREG(status.st_mode):
        content = hashlib.sha256(entry.read_bytes()).hexdigest()
    elif stat.S_ISLNK(status.st_mode):
        content = str(entry.readlink())
    times = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns) if inodes else ()
    return (stat.filemode(status.st_mode), status.st_uid, status.st_gid, content, *times)
