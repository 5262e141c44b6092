"""A socket that stands in for the network, and programs that stand in for ssh and for the clock."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

# Stands in for ssh, sshd and sudo: the key's name says which capsule of which node is meant. It runs as
# whoever calls, and who answers is root.
_RELAY = """#!/usr/bin/python3
import os, socket, sys, threading
key = sys.argv[sys.argv.index("-i") + 1]
assert os.access(key, os.R_OK), "cannot read the key"
for descriptor in (0, 1):
    os.set_blocking(descriptor, True)
link = socket.socket(socket.AF_UNIX)
link.connect({socket!r})
link.sendall(os.path.basename(key).encode() + b"\\n")
def out():
    while data := os.read(0, 65536):
        link.sendall(data)
    link.shutdown(socket.SHUT_WR)
threading.Thread(target=out, daemon=True).start()
try:
    while data := link.recv(65536):
        os.write(1, data)
except OSError:
    sys.exit(255)
"""

_DATE = """#!/bin/bash
# Now is what the file says; questions about another time are answered by the real one.
for argument; do [[ "$argument" == -d ]] && exec /usr/bin/date "$@"; done
exec /usr/bin/date -d "$(<{file}){suffix}" "$@"
"""


def stopped_date(file: Path, suffix: str = "") -> str:
    """A ``date`` for which it is always what ``file`` says, with ``suffix`` behind it."""
    return _DATE.format(file=file, suffix=suffix)


class Network:
    """Calls of the stand-in for ssh, each answered by ``answer`` in a thread of its own."""

    def __init__(self, path: Path, answer: Callable[[socket.socket], None]) -> None:
        self.ssh = _RELAY.format(socket=str(path))
        self._answer = answer
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        path.chmod(0o777)
        self._listener.listen(64)
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """Nobody is answered any more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()  # else it would accept for whoever gets its descriptor next
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(link,), daemon=True).start()
