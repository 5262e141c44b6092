"""Quiescer `fsfreeze`: freezes a filesystem that holds nothing of what thaws it again."""

from __future__ import annotations

from pathlib import PurePosixPath

from pydantic import Field

from generator.engines.settings import EngineSettings
from generator.inventory.model import Fleet, Node, Quiescer
from generator.inventory.values import AbsolutePath
from generator.plan import Fragment, Hole, holes
from generator.quoting import ShellWord


class FsfreezeSettings(EngineSettings):
    """Which filesystem is frozen."""

    path: AbsolutePath = Field(description="where the filesystem is mounted")


class FsfreezeQuiescer:
    """Freezes one filesystem; whether that is safe is looked at again each time, on the node."""

    name = "fsfreeze"
    looks_early = False  # there is nothing to ask anybody
    remembers = False  # nothing has begun on it
    settings: type[EngineSettings] = FsfreezeSettings

    def packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the functions need on ``node``."""
        return ("util-linux",)

    def functions(self, node: Node) -> tuple[Fragment, ...]:
        """The functions of the contract."""
        places = sorted({str(PurePosixPath(path).parent) for path in node.tools.values()})
        return (
            Fragment(
                template="quiescers/fsfreeze_functions.sh.j2",
                holes=holes(
                    fsfreeze=ShellWord.of(node.tools["fsfreeze"]),
                    places=tuple(ShellWord.of(path) for path in places),
                ),
            ),
        )

    def arguments(self, fleet: Fleet, quiescer: Quiescer) -> tuple[Hole, ...]:
        """What the listing function is called with: the mount point, then what must not lie on it."""
        assert isinstance(quiescer.settings, FsfreezeSettings)
        own = (fleet.paths.programs, fleet.paths.logs, fleet.paths.state)
        return tuple(ShellWord.of(path) for path in (quiescer.settings.path, *own))

    def frozen(self, settings: EngineSettings) -> tuple[str, ...]:
        """Filesystems that nobody can write while it holds."""
        assert isinstance(settings, FsfreezeSettings)
        return (settings.path,)


ENGINE = FsfreezeQuiescer()
