"""Resolves plans that replicate: every chain is followed to the directed plan that it begins at."""

from __future__ import annotations

from collections.abc import Mapping

from generator.diagnostics.model import Label
from generator.engines.settings import EngineSettings
from generator.inventory.language import InventoryPart
from generator.inventory.model import DirectedPlan, DirectedStore, Ownership, ReplicaPlan, Schedule
from generator.inventory.nodes import ResolvedNode
from generator.inventory.plan_common import PlanCommon
from generator.inventory.plan_language import DirectPart, ReplicatePart
from generator.inventory.refusal import meant
from generator.inventory.report import Report
from generator.source import Mapping as Tree


class ReplicaResolver(PlanCommon):
    """Resolves the replica plans of one inventory, after its directed plans."""

    def __init__(
        self,
        part: InventoryPart,
        tree: Tree,
        nodes: Mapping[str, ResolvedNode],
        report: Report,
        directing: Mapping[str, DirectedPlan],
    ) -> None:
        super().__init__(part, tree, nodes, report)
        self._directing = directing
        self._found: dict[str, ReplicaPlan | None] = {}

    def resolve(self) -> dict[str, ReplicaPlan]:
        """Every replica plan by name; one whose original is not known is reported and left out."""
        for name, part in sorted(self._part.plans.items()):
            if isinstance(part, ReplicatePart):
                self._plan(name, part)
        return {name: plan for name, plan in sorted(self._found.items()) if plan is not None}

    def _plan(self, name: str, part: ReplicatePart) -> ReplicaPlan | None:
        if name not in self._found:
            self._found[name] = self._replicate(name, part) if self._begins(name, part) else None
            if self._found[name] is None:
                self.doubtful.add(name)
        return self._found[name]

    def _replicate(self, name: str, part: ReplicatePart) -> ReplicaPlan | None:
        known = self.known_node(name, part.node, "a node keeps the replica", "node")
        settings = self.kept_by(name, part.store, "store")
        original = self._original(name, part)
        if original is None or not known:
            return None
        directed, kept = original
        if part.node == kept.node:
            said = f"the replica `{name}` would lie on `{part.node}`, beside what it replicates"
            advice = "name another node: one disaster would take both"
            self._report.error("C0328", said, self.span(name, "node"), advice)
        return ReplicaPlan(
            name=name,
            replicates=part.replicates,
            directed=directed,
            upstream=kept.node,
            store=DirectedStore(
                node=part.node,
                engine=part.store.engine,
                path=part.store.path,
                ownership=Ownership(part.store.ownership or "fake-super"),
                settings=settings or EngineSettings(),
                sources=kept.sources,
                origin=self.origin(name, "store"),
            ),
            maximum_age_seconds=part.maximum_age,
            schedule=Schedule(cron=part.schedule, origin=self.origin(name, "schedule")),
            scrub=self.scrub(name, part),
            retention=self.retention(name, part),
            limits=self.limits(name, part),
            origin=self.origin(name),
        )

    def _begins(self, name: str, part: ReplicatePart) -> bool:
        """Whether the chain below ``name`` ends at a plan that directs; what is wrong with it is reported once."""
        chain = [name]
        while True:
            below = self._part.plans.get(part.replicates)
            if isinstance(below, DirectPart):
                return True
            if not isinstance(below, ReplicatePart):
                if len(chain) == 1:
                    self._no_original(name, part.replicates)
                return False
            if part.replicates in chain:
                self.circle(name, "replicates", "replicating", "directs", [*chain, part.replicates])
                return False
            chain.append(part.replicates)
            part = below

    def _no_original(self, name: str, below: str) -> None:
        place = self.span(name, "replicates")
        if below not in self._part.plans:
            advice = meant(below, self._part.plans, "a plan replicates what a plan that directs keeps")
            self._report.error("C0301", f"there is no plan `{below}`", place, advice)
            return
        said = f"`{below}` keeps backups node by node, of which there is no replica"
        label = Label(span=self.span(below), text="the plan")
        self._report.error("C0328", said, place, "write `collects` instead of `replicates`", label)

    def _original(self, name: str, part: ReplicatePart) -> tuple[str, DirectedStore] | None:
        """The directed plan that the chain begins at, and the store that ``name`` pulls from."""
        below = self._part.plans[part.replicates]
        if isinstance(below, ReplicatePart):
            plan = self._plan(part.replicates, below)
            stores: tuple[DirectedStore, ...] = () if plan is None else (plan.store,)
            directed = "" if plan is None else plan.directed
        else:
            stores, directed = self._directing[part.replicates].stores, part.replicates
        store = self._chosen(name, part, stores)
        return None if store is None else (directed, store)

    def _chosen(self, name: str, part: ReplicatePart, stores: tuple[DirectedStore, ...]) -> DirectedStore | None:
        nodes = [store.node for store in stores]
        if part.upstream is None and len(stores) > 1:
            said = f"`{part.replicates}` is kept on several nodes, and nothing says which of them `{name}` replicates"
            advice = f"add `from: …` with one of: {', '.join(nodes)}"
            self._report.error("C0328", said, self.span(name, "replicates"), advice)
            return None
        if part.upstream is not None and part.upstream not in nodes and nodes:
            advice = meant(part.upstream, nodes, "name the node of a store")
            said = f"`{part.upstream}` does not keep `{part.replicates}`"
            self._report.error("C0328", said, self.span(name, "from"), advice)
            return None
        return next((store for store in stores if part.upstream in (None, store.node)), None)
