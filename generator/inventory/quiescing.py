"""Puts the layers of a node's quiescers together; their engines judge them, once for all nodes that share them."""

from __future__ import annotations

from dataclasses import dataclass

from generator.engines.discovery import quiescers
from generator.engines.settings import EngineSettings
from generator.inventory.datasets import merge
from generator.inventory.engine_settings import EngineKind, judge
from generator.inventory.language import QuiescePart
from generator.inventory.layers import LayeredParts
from generator.inventory.model import Quiescer
from generator.inventory.report import Report
from generator.plan.origin import Origin, Span

QUIESCER = EngineKind(
    word="engine",
    title="quiescer",
    models=lambda: {name: engine.settings for name, engine in quiescers().items()},
    common=tuple(QuiescePart.model_fields),
    advice="a quiescer has an engine",
)


@dataclass(frozen=True, slots=True)
class QuiescerBlueprint:
    """A quiescer before it belongs to a node."""

    engine: str
    settings: EngineSettings
    span: Span

    def quiescer(self, name: str, node: str) -> Quiescer:
        """The quiescer ``name`` of ``node``."""
        origin = Origin(path=f"nodes.{node}.quiesce.{name}", span=self.span)
        return Quiescer(name=name, engine=self.engine, settings=self.settings, origin=origin)


class QuiescerBlueprints:
    """Makes blueprints; the same parts give the same one."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._made: dict[tuple[int, ...], QuiescerBlueprint | None] = {}

    def of(self, parts: LayeredParts) -> QuiescerBlueprint | None:
        """The blueprint of ``parts``, or None with its problems reported."""
        key = tuple(map(id, parts))  # the tree outlives this object
        if key not in self._made:
            place = parts[-1].key
            judged = judge(QUIESCER, merge(parts, QUIESCER.word), place, self._report)
            self._made[key] = None if judged is None else QuiescerBlueprint(*judged, place)
        return self._made[key]

    def check_partial(self, parts: LayeredParts) -> None:
        """Reports what is wrong with a quiescer of an unused layer, except what another layer may add."""
        apart = Report()
        QuiescerBlueprints(apart).of(parts)
        self._report.add(one for one in apart.sorted() if one.code != "C0202")
