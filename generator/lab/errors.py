"""What can go wrong with a lab."""

from __future__ import annotations


class LabError(Exception):
    """The lab itself failed; the message says which step and what the tool wrote."""


class LabUnavailable(LabError):
    """This machine cannot run a lab; the message is the reason, fit to be shown to the user."""
