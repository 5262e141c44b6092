"""A host's syslog socket, read from outside: what capsules log can be asserted as it was sent."""

from __future__ import annotations

import socket
import threading
from pathlib import Path


class Syslog:
    """Receives datagrams at ``path``; ``messages`` is everything so far, oldest first."""

    def __init__(self, path: Path) -> None:
        self._messages: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o666)
        self._thread = threading.Thread(target=self._receive, name="lab-syslog", daemon=True)
        self._thread.start()

    @property
    def messages(self) -> tuple[str, ...]:
        """The messages received so far."""
        return tuple(self._messages)

    def close(self) -> None:
        """Stop receiving."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _receive(self) -> None:
        # an empty read is the shutdown: nobody sends empty messages
        while data := self._socket.recv(65536):
            self._messages.append(data.decode("utf-8", "surrogateescape"))
