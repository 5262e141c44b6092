"""Quiescer `podman`: pauses the containers that run."""

from __future__ import annotations

from generator.engines.quiescers.containers import container_functions
from generator.engines.settings import EngineSettings
from generator.inventory.model import Fleet, Node, Quiescer
from generator.plan import Fragment, Hole, holes
from generator.quoting import ShellWord


class PodmanSettings(EngineSettings):
    """There is nothing to set: all containers of root are paused, those of other users are not."""


class PodmanQuiescer:
    """Pauses every running container of root."""

    name = "podman"
    looks_early = False  # it pauses nobody if one of them has ended since
    remembers = False  # it cannot be asked for what was before some moment
    settings: type[EngineSettings] = PodmanSettings

    def packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the functions need on ``node``."""
        return ("podman", "util-linux")

    def functions(self, node: Node) -> tuple[Fragment, ...]:
        """The functions of the contract."""
        own = Fragment(
            template="quiescers/podman_functions.sh.j2", holes=holes(podman=ShellWord.of(node.tools["podman"]))
        )
        return (container_functions(), own)

    def control(self, node: Node) -> Fragment:
        """Functions that stop and start everything, for the capsules that do."""
        return Fragment(
            template="quiescers/podman_control.sh.j2", holes=holes(podman=ShellWord.of(node.tools["podman"]))
        )

    def arguments(self, fleet: Fleet, quiescer: Quiescer) -> tuple[Hole, ...]:  # noqa: ARG002
        """What the listing function is called with: nothing, it lists every container."""
        return ()

    def frozen(self, settings: EngineSettings) -> tuple[str, ...]:  # noqa: ARG002
        """Filesystems that nobody can write while it holds."""
        return ()


ENGINE = PodmanQuiescer()
