"""Resolves plans: names bound to nodes, chains of collecting followed to their beginning."""

from __future__ import annotations

from collections.abc import Mapping

from generator.diagnostics.model import Label
from generator.engines.discovery import stores
from generator.inventory.language import CollectPart, InventoryPart, PlanPart, ProtectPart
from generator.inventory.layers import item_span
from generator.inventory.model import CollectPlan, Limits, Ownership, ProtectPlan, Retention, Schedule
from generator.inventory.nodes import ResolvedNode
from generator.inventory.refusal import meant
from generator.inventory.report import Report
from generator.plan.origin import Origin, Span
from generator.source import Mapping as Tree


class PlanResolver:
    """Resolves the plans of one inventory."""

    def __init__(self, part: InventoryPart, tree: Tree, nodes: Mapping[str, ResolvedNode], report: Report) -> None:
        self._part = part
        self._tree = tree
        self._nodes = nodes
        self._report = report
        self.protecting: dict[str, ProtectPlan] = {}
        self.collecting: dict[str, CollectPlan] = {}
        self.doubtful: set[str] = set()  # plans with a reported mistake that may hide some of their nodes

    def resolve(self) -> None:
        """Fills ``protecting`` and ``collecting``, by name."""
        for name, plan in sorted(self._part.plans.items()):
            self._check_common(name, plan)
            if isinstance(plan, ProtectPart):
                self.protecting[name] = self._protect(name, plan)
        for name, plan in sorted(self._part.plans.items()):
            if isinstance(plan, CollectPart):
                self.collecting[name] = self._collect(name, plan)

    def span(self, plan: str, *keys: str) -> Span:
        """The place of a value of a plan, or of the plan's name."""
        node: object = self._tree.get("plans")
        span = self._tree.span
        for key in (plan, *keys):
            entry = node.entries.get(key) if isinstance(node, Tree) else None
            if entry is None:
                break
            node, span = entry.value, entry.key if isinstance(entry.value, Tree) else entry.value.span
        return span

    def _origin(self, plan: str, *keys: str) -> Origin:
        return Origin(path=".".join(("plans", plan, *keys)), span=self.span(plan, *keys))

    def _protect(self, name: str, part: ProtectPart) -> ProtectPlan:
        nodes = self._members(name, part)
        known = {dataset for node in nodes for dataset in self._nodes[node].dataset_names}
        listed = self._value(name, "datasets")
        for index, dataset in enumerate(part.datasets):
            advice = meant(dataset, known, "none of the plan's nodes has it")
            # it may come from a profile whose name is misspelt, unless it looks misspelt itself
            certain = advice.startswith("did you mean") or all(self._nodes[node].complete for node in nodes)
            if dataset not in known and certain:
                self._report.error("C0301", f"there is no dataset `{dataset}`", item_span(listed, index), advice)
        return ProtectPlan(
            name=name,
            store=part.store.engine,
            nodes=nodes,
            datasets=tuple(sorted(set(part.datasets))),
            path=part.store.path,
            schedule=Schedule(cron=part.schedule, origin=self._origin(name, "schedule")),
            scrub=self._scrub(name, part),
            retention=self._retention(name, part),
            limits=self._limits(name, part),
            preview=part.preview,
            copies=part.promise.copies,
            sites=part.promise.sites,
            origin=self._origin(name),
        )

    def _members(self, name: str, part: ProtectPart) -> tuple[str, ...]:
        members: set[str] = set()
        listed = self._value(name, "protects")
        for index, word in enumerate(part.protects):
            if word in self._part.groups:
                members.update(node for node in self._part.groups[word].nodes if node in self._nodes)
            elif word in self._nodes:
                members.add(word)
            else:
                advice = meant(word, (*self._part.groups, *self._nodes), "a plan protects groups and nodes")
                said = f"there is no group and no node `{word}`"
                self._report.error("C0301", said, item_span(listed, index), advice)
                self.doubtful.add(name)
        if not part.protects:
            said = f"the plan `{name}` protects nothing"
            self._report.error("C0306", said, self.span(name, "protects"), "name a group or a node")
        return tuple(sorted(members))

    def _collect(self, name: str, part: CollectPart) -> CollectPlan:
        if part.node not in self._nodes:
            advice = meant(part.node, self._nodes, "a node collects")
            self._report.error("C0301", f"there is no node `{part.node}`", self.span(name, "node"), advice)
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
            schedule=Schedule(cron=part.schedule, origin=self._origin(name, "schedule")),
            scrub=self._scrub(name, part),
            retention=self._retention(name, part),
            limits=self._limits(name, part),
            preview=part.preview,
            origin=self._origin(name),
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
            if part.collects in chain:
                self.doubtful.add(name)
                self._cycle(name, [*chain, part.collects])
                return ()
            chain.append(part.collects)
            part = below

    def _cycle(self, name: str, chain: list[str]) -> None:
        circle = chain[chain.index(chain[-1]) :]
        if name != min(circle):
            return
        labels = tuple(Label(span=self.span(plan, "collects"), text=f"`{plan}` collects") for plan in circle[1:-1])
        said = f"collecting runs in a circle: {' → '.join(circle)}"
        self._report.error(
            "C0302", said, self.span(name, "collects"), "a chain begins at a plan that protects", *labels
        )

    def _check_common(self, name: str, part: PlanPart) -> None:
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

    def _retention(self, name: str, part: PlanPart) -> Retention:
        rules = part.retention
        given = [rules.days, rules.last, rules.weekly, rules.monthly, rules.yearly]
        most = sum(count or 0 for count in given)
        minimum = rules.keep_minimum or rules.days or rules.last or 1
        span = self.span(name, "retention")
        if not most:
            advice = "add `days: …`, `last: …` or another rule"
            self._report.error("C0218", "the retention keeps nothing", span, advice)
        elif minimum > most:
            said = f"`keep_minimum` {minimum} is more than the {most} backups that the rules can keep"
            place = self.span(name, "retention", "keep_minimum")
            label = Label(span=span, text="the rules")
            self._report.error("C0218", said, place, "raise the rules, or lower keep_minimum", label)
        return Retention(
            days=rules.days,
            last=rules.last,
            weekly=rules.weekly,
            monthly=rules.monthly,
            yearly=rules.yearly,
            keep_minimum=minimum,
            origin=self._origin(name, "retention"),
        )

    def _limits(self, name: str, part: PlanPart) -> Limits:
        return Limits(
            duration_seconds=part.expected_duration,
            parallel=part.parallel,
            largest_file_bytes=part.largest_file,
            reserve_bytes=part.reserve,
            origin=self._origin(name, "expected_duration"),
        )

    def _scrub(self, name: str, part: PlanPart) -> Schedule | None:
        return None if part.scrub is None else Schedule(cron=part.scrub, origin=self._origin(name, "scrub"))

    def _value(self, name: str, key: str) -> object:
        plans = self._tree.get("plans")
        plan = plans.get(name) if isinstance(plans, Tree) else None
        return plan.get(key) if isinstance(plan, Tree) else None
