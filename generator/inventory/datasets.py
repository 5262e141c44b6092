"""Puts the layers of a dataset together and has its producer judge the result, once for all nodes that share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from generator.engines.discovery import producers
from generator.engines.settings import EngineSettings
from generator.inventory.language import DatasetPart
from generator.inventory.layers import DatasetParts, lacks_value
from generator.inventory.model import Dataset
from generator.inventory.refusal import meant
from generator.inventory.report import Report, translate
from generator.plan.origin import Origin, Span
from generator.source import Entry, Mapping, Scalar, plain

COMMON = tuple(DatasetPart.model_fields)
SHRINK_LIMIT = 50
NO_DATA = ("/dev/", "/proc/", "/run/", "/sys/", "/var/run/")


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A dataset before it belongs to a node; ``roots`` are the absolute paths that it reads, with their places."""

    producer: str
    settings: EngineSettings
    mountpoint: str | None
    canary: str | None
    shrink_limit_percent: int
    roots: tuple[str, ...]
    span: Span
    root_spans: tuple[Span, ...]

    def dataset(self, name: str, node: str) -> Dataset:
        """The dataset ``name`` of ``node``."""
        return Dataset(
            name=name,
            producer=self.producer,
            settings=self.settings,
            mountpoint=self.mountpoint,
            canary=self.canary,
            shrink_limit_percent=self.shrink_limit_percent,
            origin=Origin(path=f"nodes.{node}.datasets.{name}", span=self.span),
        )


class Blueprints:
    """Makes blueprints; the same parts give the same one."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._made: dict[tuple[int, ...], Blueprint | None] = {}

    def of(self, parts: DatasetParts) -> Blueprint | None:
        """The blueprint of ``parts``, or None with its problems reported."""
        key = tuple(map(id, parts))  # the tree outlives this object
        if key not in self._made:
            self._made[key] = self._make(merge(parts), parts[-1].key)
        return self._made[key]

    def check_partial(self, parts: DatasetParts) -> None:
        """Reports what is wrong with a dataset of an unused layer, except what another layer may add."""
        apart = Report()
        if parts[-1].value and isinstance(parts[-1].value, Mapping) and parts[-1].value.get("producer"):
            Blueprints(apart).of(parts)
        self._report.add(one for one in apart.sorted() if one.code != "C0202")

    def _make(self, tree: Mapping, key: Span) -> Blueprint | None:
        name = tree.get("producer")
        if not (isinstance(name, Scalar) and isinstance(name.value, str)):
            advice = f"add `producer: …`; there is: {', '.join(producers())}"
            self._report.error("C0202", "the dataset has no producer", key, advice)
            return None
        engine = producers().get(name.value)
        if engine is None:
            advice = meant(name.value, producers(), "a producer is the name of an engine")
            self._report.error("C0217", f"there is no producer `{name.value}`", name.span, advice)
            return None
        own = Mapping({key: entry for key, entry in tree.entries.items() if key not in COMMON}, key)
        try:
            settings = engine.settings.model_validate(plain(own))
        except ValidationError as error:
            self._report.add(translate(error, own, engine.settings, beside=COMMON))
            return None
        common = plain(Mapping({key: entry for key, entry in tree.entries.items() if key in COMMON}, key))
        return self._blueprint(name.value, settings, common, own, key)

    def _blueprint(
        self, producer: str, settings: EngineSettings, common: dict[str, Any], own: Mapping, key: Span
    ) -> Blueprint:
        part = DatasetPart.model_validate(common)  # every layer was valid, and these keys are whole values
        limit = SHRINK_LIMIT if part.shrink_limit is None else part.shrink_limit
        made = Blueprint(producer, settings, part.mountpoint, part.canary, limit, (), key, ())
        roots = producers()[producer].roots(made.dataset("x", "x"))
        spans = tuple(_place(own, root, key) for root in roots)
        for root, span in zip(roots, spans, strict=True):
            if f"{root}/".startswith(NO_DATA):
                advice = "name the files on a disk that it comes from"
                self._report.error("C0208", f"`{root}` is made anew at each boot: it is no data", span, advice)
        return Blueprint(producer, settings, part.mountpoint, part.canary, limit, roots, key, spans)


def merge(parts: DatasetParts) -> Mapping:
    """``parts``, weak to strong, as one mapping; null removes a key, and another producer starts afresh."""
    merged: dict[str, Entry] = {}
    for part in parts:
        if not isinstance(part.value, Mapping):
            continue
        producer = part.value.get("producer")
        before = merged.get("producer")
        if producer is not None and before is not None and plain(producer) != plain(before.value):
            merged = {}
        for key, entry in part.value.entries.items():
            if isinstance(entry.value, Scalar) and entry.value.value is None:
                if not lacks_value(entry):
                    merged.pop(key, None)
            else:
                merged[key] = entry
    return Mapping(merged, parts[-1].value.span)


def _place(tree: Mapping, root: str, otherwise: Span) -> Span:
    """Where ``root`` is written, as a value or in a list."""
    for entry in tree.entries.values():
        candidates = getattr(entry.value, "items", ()) if not isinstance(entry.value, Mapping) else ()
        for node in (entry.value, *candidates):
            if isinstance(node, Scalar) and isinstance(node.value, str) and node.value.rstrip("/") == root:
                return node.span
    return otherwise
