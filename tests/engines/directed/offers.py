"""What a source offers, and how it may lie: stand-ins for sealed senders, with the real rsync."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from manifests import manifest_of

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
    path: str  # of which its node says that it is
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
            f"identifier={self.identifier}\npath={self.path}\nresult={self.result}\nhealth={self.health()}\n"
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
    """What a sealed sender lists: nothing of it is read."""
    return manifest_of(top, lambda *_: "-")
