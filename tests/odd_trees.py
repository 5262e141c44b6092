"""Trees with everything in them that a file system can hold."""

from __future__ import annotations

import os
from pathlib import Path

ODD_NAMES = (
    b"new\nline",
    b"back\\slash",
    b"\xff\xfe",
    b"t\tab",
    b" space ",
    b"q\"'",
    b"-rf",
    b"$(id)",
    b"x" * 255,
)


def odd(directory: Path) -> None:
    """One of everything that a backup may hold, also what looks like a backup's own record."""
    (directory / "plain").write_text("plain")
    os.utime(directory / "plain", (1_000_000_000, 1_000_000_000))
    os.chown(directory / "plain", 1234, 77)
    (directory / "plain").chmod(0o4755)
    os.link(directory / "plain", directory / "linked")
    (directory / "symlink").symlink_to("/etc/shadow")
    os.mkfifo(directory / "fifo")
    os.mknod(directory / "device", 0o20600, os.makedev(1, 3))
    (directory / "closed").mkdir(mode=0)
    (directory / "manifest").write_text("the source's own")
    (directory / ".capsule").mkdir()
    (directory / ".capsule" / "backup.info").write_text("result=complete\n")
    for name in ODD_NAMES:
        Path(os.fsdecode(os.fsencode(directory) + b"/" + name)).touch()
    with (directory / "sparse").open("wb") as sparse:
        sparse.truncate(3_000_000)
