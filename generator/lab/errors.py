"""What can go wrong with a lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.lab.execution import Completed


class LabError(Exception):
    """The lab itself failed; the message says which step and what the tool wrote."""


class LabUnavailable(LabError):
    """This machine cannot run a lab; the message is the reason, fit to be shown to the user."""


class CommandFailed(LabError):
    """A command inside a host ended with another status than expected; ``completed`` is what it left."""

    def __init__(self, host: str, completed: Completed) -> None:
        self.completed = completed
        super().__init__(f"{host}: {completed.describe()}")
