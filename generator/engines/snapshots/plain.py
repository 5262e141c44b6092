"""Snapshots `plain`: none; the data is sent as it lies."""

from __future__ import annotations

from generator.engines.settings import EngineSettings
from generator.inventory.model import Dataset, Fleet, Node
from generator.plan import Fragment, Hole, holes


class PlainSnapshots:
    """Reads a directory live: only for data that nothing writes to, or whose writers are quiesced all the time."""

    name = "plain"
    settings: type[EngineSettings] = EngineSettings
    send_seconds = 10

    def packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the functions need on ``node``."""
        return ()

    def functions(self, node: Node) -> tuple[Fragment, ...]:  # noqa: ARG002
        """The bash functions of the contract."""
        return (Fragment(template="snapshots/plain_functions.sh.j2", holes=holes()),)

    def arguments(self, fleet: Fleet, plan: str, dataset: Dataset) -> tuple[Hole, ...]:  # noqa: ARG002
        """What the engine is called with for ``dataset``: nothing."""
        return ()


ENGINE = PlainSnapshots()
