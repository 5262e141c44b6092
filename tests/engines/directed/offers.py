"""What a source offers, and how it may lie: stand-ins for sealed senders, with the real rsync."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SENDER = """use chroot = yes
uid = 0
gid = 0
numeric ids = yes
read only = yes
list = no
[data]
path = {data}
[record]
path = {record}
"""


@dataclass
class Part:
    """What the stand-in of one sealed sender offers, and how it lies."""

    data: Path
    identifier: str = ""
    result: str = "complete"
    health: Callable[[], str] = lambda: "intact"
    listing: Callable[[bytes], bytes] = lambda honest: honest
    down: bool = False
    served: int = 0
    gate: threading.Event | None = None  # the data is not sent before this is set
    options: dict[str, str] = field(default_factory=dict)

    def send(self, link: socket.socket, record: Path) -> None:
        """Answer one call; what it says of its snapshot lies in ``record``."""
        self.served += 1
        record.mkdir(exist_ok=True)
        (record / "listing").write_bytes(self.listing(listing(self.data)))
        (record / "record").write_text(
            f"identifier={self.identifier}\nresult={self.result}\nhealth={self.health()}\n"
        )
        if self.gate is not None and self.served % 3 == 2:
            self.gate.wait(60)
        config = record.with_suffix(".conf")
        config.write_text(SENDER.format(data=self.data, record=record))
        subprocess.run(
            ["rsync", "--server", "--daemon", f"--config={config}", "."],
            stdin=link, stdout=link, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip


def listing(top: Path) -> bytes:
    """What a sealed sender lists, written independently of the capsules."""
    lines = []
    root = os.fsencode(top)
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = directory + b"/" + name
            lines.append((_escape(path[len(root) + 1 :]), _line(path)))
    return b"".join(line + b"\t" + path + b"\n" for path, line in sorted(lines))


def _escape(name: bytes) -> bytes:
    for raw, written in ((b"\\", b"\\134"), (b"\n", b"\\012"), (b"\r", b"\\015"), (b"\t", b"\\011")):
        name = name.replace(raw, written)
    return name


def _line(path: bytes) -> bytes:
    found = os.lstat(path)
    kinds = {
        stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFIFO: "p",
        stat.S_IFSOCK: "s", stat.S_IFBLK: "b", stat.S_IFCHR: "c",
    }  # fmt: skip
    kind = kinds[stat.S_IFMT(found.st_mode)]
    size = found.st_size if kind in "fl" else 0
    mode = f"{stat.S_IMODE(found.st_mode):o}"
    fields = (kind, mode, found.st_uid, found.st_gid, size, int(found.st_mtime), found.st_ino, "-")
    return "\t".join(str(one) for one in fields).encode()
