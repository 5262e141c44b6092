"""The lab's own way into an emulated machine: one ssh connection that all commands share."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from generator.lab.errors import LabError
from generator.lab.machine.qemu import Cables

_OPTIONS = (
    *("-F", "/dev/null", "-T", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=60"),
    *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
)


class Session:
    """A connection to the machine behind ``cables``, made as soon as it answers; its socket is in ``directory``."""

    def __init__(self, cables: Cables, key: Path, directory: Path, seconds: float = 300) -> None:
        # the paths of sockets are short, those of directories need not be: so ssh starts where its socket is
        self._directory = directory
        self._socket = directory / "ssh"
        deadline = time.monotonic() + seconds
        while not self._connect(cables, key):
            if time.monotonic() > deadline:
                console = (directory / "console").read_text(encoding="utf-8", errors="replace")
                raise LabError(f"the emulated machine did not answer within {seconds:g} s:\n{console[-3000:]}")
            time.sleep(0.1)

    def _connect(self, cables: Cables, key: Path) -> bool:
        self._socket.unlink(missing_ok=True)
        self._master = subprocess.Popen(
            [
                *("nsenter", "-t", str(cables.keeper), "-n", "ssh", *_OPTIONS, "-M", "-N", "-S", "ssh"),
                *("-o", "ServerAliveInterval=0", "-i", str(key), "-p", str(cables.port), "root@127.0.0.1"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._directory,
            start_new_session=True,
        )
        # the socket appears when the machine has let us in; a connection that fails ends the program
        while self._master.poll() is None:
            if self._socket.exists():
                return True
            time.sleep(0.01)
        return False

    def popen(self, command: str) -> subprocess.Popen[bytes]:
        """Start the shell's ``command`` over there, with pipes."""
        return subprocess.Popen(
            ["ssh", *_OPTIONS, "-S", "ssh", "-o", "ControlMaster=no", "lab", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._directory,
            start_new_session=True,
        )

    def close(self) -> None:
        """End the connection."""
        self._master.kill()
        self._master.wait()
