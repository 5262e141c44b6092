"""Puts the layers of a dataset together and has its producer judge the result, once for all nodes that share it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from generator.engines.discovery import producers, snapshots
from generator.engines.settings import EngineSettings
from generator.inventory.engine_settings import EngineKind, common_part, judge
from generator.inventory.language import DatasetPart, SnapshotPart
from generator.inventory.layers import LayeredParts, lacks_value
from generator.inventory.model import Dataset, Snapshot
from generator.inventory.report import Report
from generator.plan.origin import Origin, Span
from generator.source import Entry, Mapping, Scalar, plain

COMMON = tuple(DatasetPart.model_fields)
PRODUCER = EngineKind(
    word="producer",
    title="dataset",
    models=lambda: {name: engine.settings for name, engine in producers().items()},
    common=COMMON,
    advice="a producer is the name of an engine",
)
SNAPSHOT = EngineKind(
    word="engine",
    title="snapshot",
    models=lambda: {name: engine.settings for name, engine in snapshots().items()},
    common=tuple(SnapshotPart.model_fields),
    advice="a snapshot has an engine",
)
# Mappings inside a dataset that layers put together too, and the key that starts each afresh.
NESTED = {"snapshot": "engine"}
SHRINK_LIMIT = 50
NO_DATA = ("/dev/", "/proc/", "/run/", "/sys/", "/var/run/")


@dataclass(frozen=True, slots=True)
class SnapshotBlueprint:
    """A dataset's snapshot before it belongs to a node; ``mount`` is empty where the plan's own is used."""

    engine: str
    settings: EngineSettings
    mount: str
    span: Span
    mount_span: Span


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
    snapshot: SnapshotBlueprint | None

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
            snapshot=self._snapshot(f"nodes.{node}.datasets.{name}.snapshot"),
        )

    def _snapshot(self, path: str) -> Snapshot | None:
        one = self.snapshot
        if one is None:
            return None
        origin = Origin(path=path, span=one.span)
        return Snapshot(engine=one.engine, settings=one.settings, mount=one.mount, origin=origin)


class Blueprints:
    """Makes blueprints; the same parts give the same one."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._made: dict[tuple[int, ...], Blueprint | None] = {}

    def of(self, parts: LayeredParts) -> Blueprint | None:
        """The blueprint of ``parts``, or None with its problems reported."""
        key = tuple(map(id, parts))  # the tree outlives this object
        if key not in self._made:
            self._made[key] = self._make(merge(parts), parts[-1].key)
        return self._made[key]

    def check_partial(self, parts: LayeredParts) -> None:
        """Reports what is wrong with a dataset of an unused layer, except what another layer may add."""
        apart = Report()
        if parts[-1].value and isinstance(parts[-1].value, Mapping) and parts[-1].value.get("producer"):
            Blueprints(apart).of(parts)
        self._report.add(one for one in apart.sorted() if one.code != "C0202")

    def _make(self, tree: Mapping, key: Span) -> Blueprint | None:
        judged = judge(PRODUCER, tree, key, self._report)
        snapshot = self._snapshot(tree)
        if judged is None or (snapshot is None and tree.get("snapshot") is not None):
            return None
        producer, settings = judged
        # every layer was valid, and these keys are whole values
        part = DatasetPart.model_validate(common_part(tree, COMMON, key))
        own = Mapping({name: entry for name, entry in tree.entries.items() if name not in COMMON}, key)
        limit = SHRINK_LIMIT if part.shrink_limit is None else part.shrink_limit
        made = Blueprint(producer, settings, part.mountpoint, part.canary, limit, (), key, (), snapshot)
        roots = producers()[producer].roots(made.dataset("x", "x"))
        return replace(made, roots=roots, root_spans=self._places(own, roots, key))

    def _places(self, own: Mapping, roots: tuple[str, ...], key: Span) -> tuple[Span, ...]:
        spans = tuple(_place(own, root, key) for root in roots)
        for root, span in zip(roots, spans, strict=True):
            if f"{root}/".startswith(NO_DATA):
                advice = "name the files on a disk that it comes from"
                self._report.error("C0208", f"`{root}` is made anew at each boot: it is no data", span, advice)
        return spans

    def _snapshot(self, tree: Mapping) -> SnapshotBlueprint | None:
        entry = tree.entries.get("snapshot")
        if entry is None or not isinstance(entry.value, Mapping):
            return None
        judged = judge(SNAPSHOT, entry.value, entry.key, self._report)
        if judged is None:
            return None
        engine, settings = judged
        mount = entry.value.entries.get("mount")
        part = SnapshotPart.model_validate(common_part(entry.value, SNAPSHOT.common, entry.key))
        place = entry.key if mount is None else mount.value.span
        return SnapshotBlueprint(engine, settings, part.mount or "", entry.key, place)


def merge(parts: LayeredParts, word: str = "producer") -> Mapping:
    """``parts``, weak to strong, as one mapping; null removes a key, and another ``word`` starts afresh."""
    merged: dict[str, Entry] = {}
    for part in parts:
        if not isinstance(part.value, Mapping):
            continue
        named = part.value.get(word)
        before = merged.get(word)
        if named is not None and before is not None and plain(named) != plain(before.value):
            merged = {}
        for key, entry in part.value.entries.items():
            if isinstance(entry.value, Scalar) and entry.value.value is None:
                if not lacks_value(entry):
                    merged.pop(key, None)
            else:
                merged[key] = _nested(key, merged.get(key), entry)
    return Mapping(merged, parts[-1].value.span)


def _nested(key: str, below: Entry | None, entry: Entry) -> Entry:
    if key not in NESTED or below is None:
        return entry
    return Entry(entry.key, merge((below, entry), NESTED[key]))


def _place(tree: Mapping, root: str, otherwise: Span) -> Span:
    """Where ``root`` is written, as a value or in a list."""
    for entry in tree.entries.values():
        candidates = getattr(entry.value, "items", ()) if not isinstance(entry.value, Mapping) else ()
        for node in (entry.value, *candidates):
            if isinstance(node, Scalar) and isinstance(node.value, str) and node.value.rstrip("/") == root:
                return node.span
    return otherwise
