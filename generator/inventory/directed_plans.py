"""Resolves plans that direct: sources, who stands still meanwhile, and which store keeps what."""

from __future__ import annotations

from generator.engines.settings import EngineSettings
from generator.inventory.model import (
    DirectedPlan,
    DirectedStore,
    FanOut,
    FanOutEngine,
    Lease,
    Ownership,
    Schedule,
)
from generator.inventory.plan_common import PlanCommon
from generator.inventory.plan_language import DirectPart
from generator.inventory.refusal import meant
from generator.inventory.spreading import preferred


class DirectedResolver(PlanCommon):
    """Resolves the directed plans of one inventory."""

    def resolve(self) -> dict[str, DirectedPlan]:
        """Every directed plan by name."""
        plans = sorted(self._part.plans.items())
        return {name: self._direct(name, plan) for name, plan in plans if isinstance(plan, DirectPart)}

    def _direct(self, name: str, part: DirectPart) -> DirectedPlan:
        members = self.members(name, "directs", part.directs)
        self.known_node(name, part.director, "a node directs", "director")
        self.check_datasets(name, part.datasets, members)
        sources = tuple(node for node in members if self._planned(part, node))
        return DirectedPlan(
            name=name,
            director=part.director,
            sources=sources,
            datasets=tuple(sorted(set(part.datasets))),
            quiesced=self._quiesced(name, part, members),
            stores=self._stores(name, part, sources),
            schedule=Schedule(cron=part.schedule, origin=self.origin(name, "schedule")),
            scrub=self.scrub(name, part),
            retention=self.retention(name, part),
            limits=self.limits(name, part),
            lease=Lease(
                deadline_seconds=part.pause.deadline,
                cool_down_seconds=part.pause.cool_down,
                origin=self.origin(name, "pause"),
            ),
            fan_out=FanOut(
                engine=FanOutEngine(part.fan_out.engine),
                width=part.fan_out.width,
                origin=self.origin(name, "fan_out"),
            ),
            docker_control=part.docker_control,
            permit_seconds=None if part.directed_restore is None else part.directed_restore.permit,
            copies=part.promise.copies,
            sites=part.promise.sites,
            origin=self.origin(name),
        )

    def _planned(self, part: DirectPart, node: str) -> bool:
        return any(not part.datasets or dataset in part.datasets for dataset in self._nodes[node].dataset_names)

    def _quiesced(self, name: str, part: DirectPart, members: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the named nodes that have something to hold."""
        named = members if part.quiesces is None else self.members(name, "quiesces", part.quiesces)
        return tuple(node for node in named if self._nodes[node].node.quiescers)

    def _stores(self, name: str, part: DirectPart, sources: tuple[str, ...]) -> tuple[DirectedStore, ...]:
        holders = self._holders(name, part, sources)
        made: dict[str, DirectedStore] = {}
        for index, store in enumerate(part.stores):
            place = ("stores", index)
            settings = self.kept_by(name, store, *place)
            self.known_node(name, store.node, "a store is on a node", *place, "node")
            if store.node in made:
                said = f"`{store.node}` is named as a store of `{name}` twice"
                advice = "divide the sources between nodes; one node keeps a plan once"
                self._report.error("C0323", said, self.span(name, *place, "node"), advice)
            made.setdefault(
                store.node,
                DirectedStore(
                    node=store.node,
                    engine=store.engine,
                    path=store.path,
                    ownership=Ownership(store.ownership or "fake-super"),
                    settings=settings or EngineSettings(),
                    sources=tuple(source for source in sources if holders.get(source) == store.node),
                    origin=self.origin(name, "stores", store.node, at=self.span(name, *place)),
                ),
            )
        return tuple(made[node] for node in sorted(made))

    def _holders(self, name: str, part: DirectPart, sources: tuple[str, ...]) -> dict[str, str]:
        """The node of the store that keeps each source: one that names it, else the preferred of the open ones."""
        named: dict[str, str] = {}
        for index, store in enumerate(part.stores):
            for position, source in enumerate(store.sources):
                self._claim(name, part, named, source, index, position)
        unlimited = [store.node for store in part.stores if not store.sources]
        left = [source for source in sources if source not in named]
        if left and not unlimited:
            said = f"no store of `{name}` keeps {', '.join(f'`{one}`' for one in left)}"
            advice = "name it in the `sources` of a store, or give one store no list: it takes the others"
            self._report.error("C0323", said, self.span(name, "stores"), advice)
            return named
        return {**named, **{source: preferred(source, unlimited) for source in left}}

    def _claim(
        self, name: str, part: DirectPart, named: dict[str, str], source: str, index: int, position: int
    ) -> None:
        place = self.span(name, "stores", index, "sources", position)
        node = part.stores[index].node
        members = self._sources_of(part)
        if source not in members:
            advice = meant(source, members, "name a node that the plan directs and that has datasets")
            self._report.error("C0323", f"`{source}` is not a source of `{name}`", place, advice)
        elif named.setdefault(source, node) != node:
            said = f"two stores of `{name}` name the source `{source}`"
            self._report.error("C0323", said, place, f"leave it to `{named[source]}`, or to `{node}`")

    def _sources_of(self, part: DirectPart) -> list[str]:
        found: set[str] = set()
        for word in part.directs:
            group = self._part.groups.get(word)
            found.update(group.nodes if group is not None else (word,))
        return sorted(node for node in found if node in self._nodes and self._planned(part, node))
