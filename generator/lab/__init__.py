"""Real hosts on one machine, for the tests and for ``gen rehearse``: namespaces, and an emulated machine."""

from generator.lab.base import ENGINES, PLAIN, Base, base_root
from generator.lab.errors import LabError, LabUnavailable
from generator.lab.execution import CommandFailed, Completed, Process
from generator.lab.host import Host
from generator.lab.lab import Lab
from generator.lab.machine import Machine
from generator.lab.states import HostState

__all__ = [
    "ENGINES",
    "PLAIN",
    "Base",
    "CommandFailed",
    "Completed",
    "Host",
    "HostState",
    "Lab",
    "LabError",
    "LabUnavailable",
    "Machine",
    "Process",
    "base_root",
]
