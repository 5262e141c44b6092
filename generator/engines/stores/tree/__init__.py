"""Store engine `tree`: dated directories, hard-linked against each other."""

from __future__ import annotations

from generator.engines.contribution import Contribution
from generator.engines.stores.tree.collect import collect
from generator.engines.stores.tree.protect import protect
from generator.engines.stores.tree.scrub import scrub_collected
from generator.inventory.model import CollectPlan, Fleet, ProtectPlan


class TreeEngine:
    """Lowers plans whose backups are trees."""

    name = "tree"

    def protect(self, fleet: Fleet, plan: ProtectPlan) -> tuple[Contribution, ...]:
        """Contributions of a plan that backs nodes up onto themselves."""
        return protect(fleet, plan)

    def collect(self, fleet: Fleet, plan: CollectPlan) -> tuple[Contribution, ...]:
        """Contributions of a plan that pulls what another plan made."""
        return (*collect(fleet, plan), *scrub_collected(fleet, plan))


ENGINE = TreeEngine()
