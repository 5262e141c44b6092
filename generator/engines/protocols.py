"""What each kind of engine must offer; `generator.engines.discovery` finds the modules that do."""

from __future__ import annotations

from typing import Protocol

from generator.engines.contribution import Contribution
from generator.engines.settings import EngineSettings
from generator.engines.stores.keepers import ALL_USES, Uses
from generator.inventory.model import CollectPlan, Dataset, DirectedStore, Fleet, Node, ProtectPlan, Quiescer
from generator.plan import Fragment, Hole


class ProducerEngine(Protocol):
    """Makes a dataset's bytes, and puts them back."""

    name: str
    settings: type[EngineSettings]

    def packages(self, node: Node) -> tuple[str, ...]:
        """Packages that the fragments need on ``node``, by Debian's names; lowering knows the other families'."""
        ...

    def roots(self, dataset: Dataset) -> tuple[str, ...]:
        """Absolute paths that the dataset reads, none for a stream."""
        ...

    def functions(self, node: Node) -> Fragment:
        """Bash functions that the produce fragments call, put into a capsule once."""
        ...

    def preview_functions(self, node: Node) -> Fragment:
        """Functions of the same names that only say what the produce fragments would do."""
        ...

    def restore_functions(self, node: Node) -> Fragment:
        """Bash functions that the restore fragments call, put into a capsule once."""
        ...

    def produce(self, node: Node, dataset: Dataset) -> Fragment:
        """Bash that fills ``$dataset_staging`` (see the contract in ``templates/producers/README.md``)."""
        ...

    def restore(self, node: Node, dataset: Dataset) -> Fragment:
        """Bash that puts the dataset back from ``$dataset_backup``."""
        ...


class StoreEngine(Protocol):
    """Keeps backups: lowers plans to capsules, connections and schedules."""

    name: str

    def protect(self, fleet: Fleet, plan: ProtectPlan) -> tuple[Contribution, ...]:
        """Contributions of a plan that backs nodes up onto themselves."""
        ...

    def collect(self, fleet: Fleet, plan: CollectPlan) -> tuple[Contribution, ...]:
        """Contributions of a plan that pulls what another plan made."""
        ...


class SnapshotEngine(Protocol):
    """Freezes a dataset for a moment on its node, and lets it go again.

    ``send_seconds`` is the least time in which a part of it can be sent, however little there is to send: to connect,
    mount the snapshot, list it and compare.
    """

    name: str
    settings: type[EngineSettings]
    send_seconds: int

    def packages(self, node: Node) -> tuple[str, ...]:
        """Packages that the functions need on ``node``, by Debian's names."""
        ...

    def functions(self, node: Node) -> tuple[Fragment, ...]:
        """The bash functions of the contract in ``templates/snapshots/README.md``; a capsule gets equal ones once."""
        ...

    def arguments(self, fleet: Fleet, plan: str, dataset: Dataset) -> tuple[Hole, ...]:
        """What every function of the engine is called with for ``dataset``."""
        ...


class QuiescerEngine(Protocol):
    """Holds writers still on a node, and releases exactly what it held."""

    name: str
    settings: type[EngineSettings]
    looks_early: bool  # whether holding finds out by itself what has changed since the candidates were listed
    remembers: bool  # whether what has begun during a pause can still be asked for after it

    def packages(self, node: Node) -> tuple[str, ...]:
        """Packages that the functions need on ``node``, by Debian's names."""
        ...

    def functions(self, node: Node) -> tuple[Fragment, ...]:
        """The bash functions of the contract in ``templates/quiescers/README.md``; a capsule gets equal ones once."""
        ...

    def arguments(self, fleet: Fleet, quiescer: Quiescer) -> tuple[Hole, ...]:
        """What the engine's listing function is called with for ``quiescer``."""
        ...

    def frozen(self, settings: EngineSettings) -> tuple[str, ...]:
        """Absolute paths of file systems that nobody can write while it holds; most engines have none.

        Checked when the inventory is read: nothing that Capsule needs to thaw them may lie there.
        """
        ...


class KeeperEngine(Protocol):
    """The part of a store engine that directed and replica plans use: keeps whole moments of many sources."""

    name: str
    keeper_settings: type[EngineSettings]
    scrubs: bool  # whether the platform reads everything again by itself

    def keeper_claims(self, settings: EngineSettings) -> tuple[str, ...]:
        """What a store with ``settings`` has for itself on its node besides its path, each in words."""
        ...

    def keeper_packages(self, node: Node) -> tuple[str, ...]:
        """Packages that the functions need on ``node``, by Debian's names."""
        ...

    def keeper(self, fleet: Fleet, plan: str, store: DirectedStore, uses: Uses = ALL_USES) -> Fragment:
        """The bash functions of ``templates/stores/README.md`` that a capsule needs for ``uses``, put in once."""
        ...
