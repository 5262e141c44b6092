"""Diagnostics: what is wrong, where, and what to do about it."""

from generator.diagnostics.model import Diagnostic, Label, Severity

__all__ = ["Diagnostic", "Label", "Severity"]
