"""Emission: the only part that writes a build, all of it or nothing."""

from generator.emit.replace import EmissionProblem, emit, examine
from generator.emit.tree import OutputFile, directory_modes, output_mode

__all__ = ["EmissionProblem", "OutputFile", "directory_modes", "emit", "examine", "output_mode"]
