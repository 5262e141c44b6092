"""An emulated machine with a kernel of its own, for what the kernel of this machine lacks."""

from generator.lab.machine.build import machine_image
from generator.lab.machine.machine import Machine

__all__ = ["Machine", "machine_image"]
