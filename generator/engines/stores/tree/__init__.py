"""Store engine `tree`: dated directories, hard-linked against each other."""

from __future__ import annotations

from generator.engines.contribution import Contribution
from generator.engines.settings import EngineSettings
from generator.engines.stores.keepers import ALL_USES, Uses
from generator.engines.stores.tree import keeper
from generator.engines.stores.tree.collect import collect
from generator.engines.stores.tree.protect import protect
from generator.engines.stores.tree.scrub import scrub_collected
from generator.inventory.model import CollectPlan, DirectedStore, Fleet, Node, ProtectPlan
from generator.plan import Fragment


class TreeEngine:
    """Lowers plans whose backups are trees."""

    name = "tree"
    keeper_settings: type[EngineSettings] = keeper.TreeKeeperSettings
    scrubs = False

    def protect(self, fleet: Fleet, plan: ProtectPlan) -> tuple[Contribution, ...]:
        """Contributions of a plan that backs nodes up onto themselves."""
        return protect(fleet, plan)

    def collect(self, fleet: Fleet, plan: CollectPlan) -> tuple[Contribution, ...]:
        """Contributions of a plan that pulls what another plan made."""
        return (*collect(fleet, plan), *scrub_collected(fleet, plan))

    def keeper_packages(self, node: Node) -> tuple[str, ...]:  # noqa: ARG002  # the same everywhere
        """Packages that the keeper needs."""
        return ("attr", "util-linux")

    def keeper(self, fleet: Fleet, plan: str, store: DirectedStore, uses: Uses = ALL_USES) -> Fragment:  # noqa: ARG002
        """The bash functions that keep moments as directories."""
        return keeper.keeper(fleet, store, uses)

    def keeper_claims(self, settings: EngineSettings) -> tuple[str, ...]:  # noqa: ARG002  # it has nothing else
        """What no other store of the node may use besides its path."""
        return ()


ENGINE = TreeEngine()
