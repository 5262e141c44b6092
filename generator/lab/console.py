"""What hosts and the emulated machine have in common for those who give orders to them."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from generator.lab.execution import CommandFailed, Completed, finish
from generator.lab.network import Network


class Console(ABC):
    """A node of a lab: a name, an ``address`` on the wire, its cable, and root's commands."""

    def __init__(self, name: str, address: str, network: Network) -> None:
        self.name = name
        self.address = address
        self._network = network

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes | str = b"",
        env: Mapping[str, str] | None = None,
        user: str = "root",
        check: bool = True,
        seconds: float = 120,
    ) -> Completed:
        """Run ``argv`` on the node and wait for it.

        ``env`` is the whole environment (without it a login-like one). Raises `CommandFailed` if ``check`` and the
        status is not 0, `LabError` if it takes longer than ``seconds``.
        """
        data = stdin.encode("utf-8", "surrogateescape") if isinstance(stdin, str) else stdin
        completed = finish(self.popen(argv, env=env, user=user), argv, data, seconds)
        if check and completed.status:
            raise CommandFailed(self.name, completed)
        return completed

    @abstractmethod
    def popen(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, user: str = "root"
    ) -> subprocess.Popen[bytes]:
        """Start ``argv`` on the node, with pipes."""

    @abstractmethod
    def running(self, program: str) -> bool:
        """Whether a process called ``program`` runs, by the name that the kernel knows (at most 15 bytes)."""

    def link_down(self) -> None:
        """Pull the network cable."""
        self._network.set_link(self.name, up=False)

    def link_up(self) -> None:
        """Plug the network cable in again."""
        self._network.set_link(self.name, up=True)
