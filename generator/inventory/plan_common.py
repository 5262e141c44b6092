"""What the resolvers of every kind of plan share: places, members, and the settings that all plans have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from generator.diagnostics.model import Label
from generator.engines.discovery import keepers
from generator.engines.settings import EngineSettings
from generator.inventory.engine_settings import EngineKind, judge
from generator.inventory.language import InventoryPart
from generator.inventory.layers import item_span
from generator.inventory.model import Limits, Retention, Schedule
from generator.inventory.nodes import ResolvedNode
from generator.inventory.plan_language import PlanPart, StorePart
from generator.inventory.refusal import meant
from generator.inventory.report import Report
from generator.plan.origin import Origin, Span
from generator.source import Mapping as Tree
from generator.source import Node, Sequence

KEEPER = EngineKind(
    word="engine",
    title="store",
    models=lambda: {name: engine.keeper_settings for name, engine in keepers().items()},
    common=(),
    advice="a store is the name of an engine",
)


class PlanCommon:
    """Resolves what plans have in common, for the resolvers of their kinds."""

    def __init__(self, part: InventoryPart, tree: Tree, nodes: Mapping[str, ResolvedNode], report: Report) -> None:
        self._part = part
        self._tree = tree
        self._nodes = nodes
        self._report = report
        self.doubtful: set[str] = set()  # plans with a reported mistake that may hide some of their nodes

    def span(self, plan: str, *keys: str | int) -> Span:
        """The place of a value of a plan, or of the plan's name."""
        node = self._tree.get("plans")
        span = self._tree.span
        for key in (plan, *keys):
            if isinstance(node, Tree) and (entry := node.entries.get(str(key))) is not None:
                node, span = entry.value, entry.key if isinstance(entry.value, Tree) else entry.value.span
            elif (item := _below(node, key)) is not None:
                node, span = item, item.span
            else:
                break
        return span

    def origin(self, plan: str, *keys: str, at: Span | None = None) -> Origin:
        """The origin of a value of a plan, or of the plan; ``at`` is its place where the keys are not the file's."""
        return Origin(path=".".join(("plans", plan, *keys)), span=at or self.span(plan, *keys))

    def members(self, name: str, key: str, words: tuple[str, ...]) -> tuple[str, ...]:
        """The nodes that ``words``, the list behind ``key``, name: themselves or by a group, sorted."""
        members: set[str] = set()
        listed = self.value(name, key)
        for index, word in enumerate(words):
            if word in self._part.groups:
                members.update(node for node in self._part.groups[word].nodes if node in self._nodes)
            elif word in self._nodes:
                members.add(word)
            else:
                advice = meant(word, (*self._part.groups, *self._nodes), f"a plan {key} groups and nodes")
                said = f"there is no group and no node `{word}`"
                self._report.error("C0301", said, item_span(listed, index), advice)
                self.doubtful.add(name)
        if not words:
            said = f"the plan `{name}` {key} nothing"
            self._report.error("C0306", said, self.span(name, key), "name a group or a node")
        return tuple(sorted(members))

    def check_datasets(self, name: str, datasets: tuple[str, ...], nodes: tuple[str, ...]) -> None:
        """Reports a dataset in a plan's list that none of ``nodes`` has."""
        known = {dataset for node in nodes for dataset in self._nodes[node].dataset_names}
        listed = self.value(name, "datasets")
        for index, dataset in enumerate(datasets):
            advice = meant(dataset, known, "none of the plan's nodes has it")
            # it may come from a profile whose name is misspelt, unless it looks misspelt itself
            certain = advice.startswith("did you mean") or all(self._nodes[node].complete for node in nodes)
            if dataset not in known and certain:
                self._report.error("C0301", f"there is no dataset `{dataset}`", item_span(listed, index), advice)

    def known_node(self, name: str, node: str, advice: str, *keys: str | int) -> bool:
        """Whether ``node``, which the plan names at ``keys``, exists; reports it otherwise."""
        if node not in self._nodes:
            self._report.error(
                "C0301", f"there is no node `{node}`", self.span(name, *keys), meant(node, self._nodes, advice)
            )
        return node in self._nodes

    def kept_by(self, name: str, part: StorePart, *keys: str | int) -> EngineSettings | None:
        """The settings of the engine that a directed or a replica plan's store at ``keys`` names, if it is right."""
        node = self._tree.get("plans")
        for key in (name, *keys):
            node = _below(node, key)
        if not isinstance(node, Tree):
            return None
        common = tuple(type(part).model_fields)
        judged = judge(replace(KEEPER, common=common), node, self.span(name, *keys), self._report)
        return None if judged is None else judged[1]

    def circle(self, name: str, key: str, word: str, beginning: str, chain: list[str]) -> None:
        """Reports plans that refer to each other behind ``key`` without a beginning, once."""
        circle = chain[chain.index(chain[-1]) :]
        if name != min(circle):
            return
        labels = tuple(Label(span=self.span(plan, key), text=f"`{plan}` {key}") for plan in circle[1:-1])
        said = f"{word} runs in a circle: {' → '.join(circle)}"
        self._report.error("C0302", said, self.span(name, key), f"a chain begins at a plan that {beginning}", *labels)

    def retention(self, name: str, part: PlanPart) -> Retention:
        """What a plan keeps; reports rules that keep nothing or contradict each other."""
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
            origin=self.origin(name, "retention"),
        )

    def limits(self, name: str, part: PlanPart) -> Limits:
        """The limits of a plan's runs."""
        return Limits(
            duration_seconds=part.expected_duration,
            parallel=part.parallel,
            largest_file_bytes=part.largest_file,
            reserve_bytes=part.reserve,
            origin=self.origin(name, "expected_duration"),
        )

    def scrub(self, name: str, part: PlanPart) -> Schedule | None:
        """When a plan's backups are read again, if ever."""
        return None if part.scrub is None else Schedule(cron=part.scrub, origin=self.origin(name, "scrub"))

    def value(self, name: str, key: str) -> Node | None:
        """What stands behind a plan's key, or None."""
        plans = self._tree.get("plans")
        plan = plans.get(name) if isinstance(plans, Tree) else None
        return plan.get(key) if isinstance(plan, Tree) else None


def _below(node: Node | None, key: str | int) -> Node | None:
    if isinstance(node, Sequence) and isinstance(key, int):
        return node.items[key] if key < len(node.items) else None
    return node.get(str(key)) if isinstance(node, Tree) else None
