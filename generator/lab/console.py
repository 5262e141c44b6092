"""What hosts and the emulated machine have in common for those who give orders to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from generator.lab.execution import Completed


class Console(Protocol):
    """A node of a lab: a name, an address on the wire, and root's commands."""

    name: str
    address: str

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
        """Run ``argv`` on the node and wait for it."""

    def running(self, program: str) -> bool:
        """Whether a process called ``program`` runs."""
