"""Quiescer `docker`: pauses the containers that run."""

from __future__ import annotations

from generator.engines.quiescers.containers import container_functions
from generator.engines.settings import EngineSettings
from generator.inventory.model import Fleet, Node, Quiescer
from generator.plan import Fragment, Hole, holes
from generator.quoting import ShellWord

HOST = "unix:///run/docker.sock"


class DockerSettings(EngineSettings):
    """There is nothing to set: a node has one Docker daemon, and all of its containers are paused."""


class DockerQuiescer:
    """Pauses every running container of the node's Docker daemon."""

    name = "docker"
    looks_early = True
    remembers = True  # by the daemon's events
    settings: type[EngineSettings] = DockerSettings

    def packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the functions need on ``node``."""
        return ("docker.io", "util-linux")

    def functions(self, node: Node) -> tuple[Fragment, ...]:
        """The functions of the contract."""
        own = Fragment(
            template="quiescers/docker_functions.sh.j2",
            holes=holes(docker=ShellWord.of(node.tools["docker"]), host=ShellWord.of(HOST)),
        )
        return (container_functions(), own)

    def control(self, node: Node) -> Fragment:
        """Functions that stop and start everything, for the capsules that do."""
        return Fragment(
            template="quiescers/docker_control.sh.j2", holes=holes(systemctl=ShellWord.of(node.tools["systemctl"]))
        )

    def arguments(self, fleet: Fleet, quiescer: Quiescer) -> tuple[Hole, ...]:  # noqa: ARG002
        """What the listing function is called with: nothing, it lists every container."""
        return ()

    def frozen(self, settings: EngineSettings) -> tuple[str, ...]:  # noqa: ARG002
        """Filesystems that nobody can write while it holds."""
        return ()


ENGINE = DockerQuiescer()
