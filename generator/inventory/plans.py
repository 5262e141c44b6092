"""Resolves plans: names bound to nodes, chains of collecting followed to their beginning."""

from __future__ import annotations

from collections.abc import Mapping

from generator.diagnostics.model import Label
from generator.engines.discovery import stores
from generator.inventory.directed_plans import DirectedResolver
from generator.inventory.language import InventoryPart
from generator.inventory.model import CollectPlan, DirectedPlan, Ownership, ProtectPlan, ReplicaPlan, Schedule
from generator.inventory.nodes import ResolvedNode
from generator.inventory.plan_common import PlanCommon
from generator.inventory.plan_language import CollectPart, ProtectPart
from generator.inventory.refusal import meant
from generator.inventory.replica_plans import ReplicaResolver
from generator.inventory.report import Report
from generator.source import Mapping as Tree


class PlanResolver(PlanCommon):
    """Resolves the plans of one inventory."""

    def __init__(self, part: InventoryPart, tree: Tree, nodes: Mapping[str, ResolvedNode], report: Report) -> None:
        super().__init__(part, tree, nodes, report)
        self.protecting: dict[str, ProtectPlan] = {}
        self.collecting: dict[str, CollectPlan] = {}
        self.directing: dict[str, DirectedPlan] = {}
        self.replicating: dict[str, ReplicaPlan] = {}

    def resolve(self) -> None:
        """Fills ``protecting``, ``collecting``, ``directing`` and ``replicating``, by name."""
        for name, plan in sorted(self._part.plans.items()):
            if isinstance(plan, ProtectPart):
                self._check_store(name, plan)
                self.protecting[name] = self._protect(name, plan)
        for name, plan in sorted(self._part.plans.items()):
            if isinstance(plan, CollectPart):
                self._check_store(name, plan)
                self.collecting[name] = self._collect(name, plan)
        directed = DirectedResolver(self._part, self._tree, self._nodes, self._report)
        self.directing = directed.resolve()
        replicas = ReplicaResolver(self._part, self._tree, self._nodes, self._report, self.directing)
        self.replicating = replicas.resolve()
        self.doubtful |= directed.doubtful | replicas.doubtful

    def _protect(self, name: str, part: ProtectPart) -> ProtectPlan:
        nodes = self.members(name, "protects", part.protects)
        self.check_datasets(name, part.datasets, nodes)
        return ProtectPlan(
            name=name,
            store=part.store.engine,
            nodes=nodes,
            datasets=tuple(sorted(set(part.datasets))),
            path=part.store.path,
            schedule=Schedule(cron=part.schedule, origin=self.origin(name, "schedule")),
            scrub=self.scrub(name, part),
            retention=self.retention(name, part),
            limits=self.limits(name, part),
            preview=part.preview,
            copies=part.promise.copies,
            sites=part.promise.sites,
            origin=self.origin(name),
        )

    def _collect(self, name: str, part: CollectPart) -> CollectPlan:
        self.known_node(name, part.node, "a node collects", "node")
        sources = self._sources(name, part)
        ownership = Ownership(part.store.ownership or "fake-super")
        return CollectPlan(
            name=name,
            store=part.store.engine,
            collects=part.collects,
            node=part.node,
            path=part.store.path,
            ownership=ownership,
            sources=sources,
            maximum_age_seconds=part.maximum_age,
            schedule=Schedule(cron=part.schedule, origin=self.origin(name, "schedule")),
            scrub=self.scrub(name, part),
            retention=self.retention(name, part),
            limits=self.limits(name, part),
            preview=part.preview,
            origin=self.origin(name),
        )

    def _sources(self, name: str, part: CollectPart) -> tuple[str, ...]:
        """The nodes that a chain of collecting begins at; a broken or endless chain is reported."""
        chain = [name]
        while True:
            below = self._part.plans.get(part.collects)
            if below is None:
                self.doubtful.add(name)
                if len(chain) == 1:
                    advice = meant(part.collects, self._part.plans, "a plan collects what another plan made")
                    said = f"there is no plan `{part.collects}`"
                    self._report.error("C0301", said, self.span(name, "collects"), advice)
                return ()
            if isinstance(below, ProtectPart):
                if part.collects in self.doubtful:
                    self.doubtful.add(name)
                return self.protecting[part.collects].nodes
            if not isinstance(below, CollectPart):
                self.doubtful.add(name)
                self._collects_moments(name, part.collects, len(chain) == 1)
                return ()
            if part.collects in chain:
                self.doubtful.add(name)
                self.circle(name, "collects", "collecting", "protects", [*chain, part.collects])
                return ()
            chain.append(part.collects)
            part = below

    def _collects_moments(self, name: str, below: str, directly: bool) -> None:
        if directly:
            said = f"`{below}` keeps whole moments of many nodes, which cannot be collected node by node"
            advice = "write `replicates` instead of `collects`"
            self._report.error("C0328", said, self.span(name, "collects"), advice, self._plan_label(below))

    def _plan_label(self, plan: str) -> Label:
        return Label(span=self.span(plan), text="the plan")

    def _check_store(self, name: str, part: ProtectPart | CollectPart) -> None:
        engine = part.store.engine
        if engine not in stores():
            advice = meant(engine, stores(), "a store is the name of an engine")
            self._report.error("C0217", f"there is no store `{engine}`", self.span(name, "store", "engine"), advice)
        if isinstance(part, ProtectPart) and part.store.ownership is not None:
            self._report.error(
                "C0201",
                "a plan that protects keeps owners as they are",
                self.span(name, "store", "ownership"),
                "delete `ownership`: it is for plans that collect",
            )
