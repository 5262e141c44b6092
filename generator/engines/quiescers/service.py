"""Quiescer `service`: stops a unit of systemd, and starts it again."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from generator.engines.settings import EngineSettings
from generator.inventory.model import Fleet, Node, Quiescer
from generator.plan import Fragment, Hole, holes
from generator.quoting import ShellWord

_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.@\\-]{0,200}\.(?:service|socket|timer|target|slice|mount|path)\Z")


def _unit(name: str) -> str:
    if not _UNIT.match(name):
        raise ValueError(f"`{name}` is not the whole name of a unit, such as postgresql.service")
    return name


class ServiceSettings(EngineSettings):
    """Which unit is stopped."""

    unit: Annotated[str, AfterValidator(_unit)] = Field(description="the unit's whole name: postgresql.service")


class ServiceQuiescer:
    """Stops a unit where it runs."""

    name = "service"
    looks_early = False  # one that somebody has stopped meanwhile is stopped again without a word
    remembers = False  # a unit that is started again has left its rest itself
    settings: type[EngineSettings] = ServiceSettings

    def packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the functions need on ``node``."""
        return ("systemd", "util-linux")

    def functions(self, node: Node) -> tuple[Fragment, ...]:
        """The functions of the contract."""
        return (
            Fragment(
                template="quiescers/service_functions.sh.j2",
                holes=holes(date=ShellWord.of(node.tools["date"]), systemctl=ShellWord.of(node.tools["systemctl"])),
            ),
        )

    def arguments(self, fleet: Fleet, quiescer: Quiescer) -> tuple[Hole, ...]:  # noqa: ARG002
        """What the listing function is called with: the unit."""
        assert isinstance(quiescer.settings, ServiceSettings)
        return (ShellWord.of(quiescer.settings.unit),)

    def frozen(self, settings: EngineSettings) -> tuple[str, ...]:  # noqa: ARG002
        """Filesystems that nobody can write while it holds."""
        return ()


ENGINE = ServiceQuiescer()
