"""What every rule may ask: the fleet, its plan, and the runs of each plan, indexed once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from generator.inventory.model import CollectPlan, Fleet, Node, ProtectPlan, ReplicaPlan
from generator.plan import FleetPlan
from generator.prove.streams import Pair, Stream, collected, protected


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """``protecting`` and ``collecting`` are the plans by name, collecting ones after those they collect.

    ``streams`` has the runs of each protecting plan by the time zone of the nodes that run it; ``pairs`` are all
    (collecting plan, what it collects) by such a zone. ``moments`` has the runs of each directed plan by its name,
    ``copies`` all (replica plan, what it replicates). ``depth`` counts the pulls from what is made to a plan's copy.
    """

    fleet: Fleet
    plan: FleetPlan
    nodes: Mapping[str, Node]
    protecting: Mapping[str, ProtectPlan]
    collecting: Mapping[str, CollectPlan]
    streams: Mapping[tuple[str, str], Stream]
    pairs: tuple[Pair, ...]
    moments: Mapping[str, Stream]
    copies: tuple[Pair, ...]
    depth: Mapping[str, int]

    @classmethod
    def of(cls, fleet: Fleet, plan: FleetPlan) -> Facts:
        """Index ``fleet``; raises what `generator.prove.timeline.timeline` raises."""
        nodes = {node.name: node for node in fleet.nodes}
        protecting = {protect.name: protect for protect in fleet.protect_plans}
        collecting, depth = _ordered(fleet, protecting)
        zones: dict[str, dict[str, str]] = {}
        streams: dict[tuple[str, str], Stream] = {}
        runs_of, meeting_of = cache(protected), cache(collected)
        for protect in fleet.protect_plans:
            zones[protect.name] = {name: nodes[name].timezone for name in protect.nodes}
            for zone, names in _by_zone(zones[protect.name]).items():
                runs = runs_of(protect.schedule.cron, zone, protect.limits.duration_seconds)
                streams[protect.name, zone] = Stream(plan=protect, zone=zone, nodes=names, runs=runs)
        pairs: list[Pair] = []
        every = dict(streams)
        for collect in collecting.values():
            known = zones[collect.collects]
            zones[collect.name] = {name: known[name] for name in collect.sources if name in known}
            for zone, names in _by_zone(zones[collect.name]).items():
                upstream, there = every[collect.collects, zone], nodes[collect.node].timezone
                meeting = meeting_of(collect.schedule.cron, there, collect.limits.duration_seconds, upstream.runs)
                stream = Stream(plan=collect, zone=there, nodes=names, runs=meeting.runs)
                every[collect.name, zone] = stream
                pairs.append(Pair(plan=collect, upstream=upstream, stream=stream, meeting=meeting))
        moments = _moments(fleet, nodes)
        copies = _copies(fleet, nodes, moments)
        depth.update(dict.fromkeys(moments, 0))
        for copy in copies:
            depth[copy.plan.name] = depth[copy.upstream.plan.name] + 1
        return cls(
            fleet=fleet,
            plan=plan,
            nodes=nodes,
            protecting=protecting,
            collecting=collecting,
            streams=streams,
            pairs=tuple(pairs),
            moments=moments,
            copies=copies,
            depth=depth,
        )

    @property
    def every_stream(self) -> tuple[Stream, ...]:
        """The runs of all plans: first those that make backups, then those that pull them."""
        pulled = (pair.stream for pair in self.every_pair)
        return (*self.streams.values(), *self.moments.values(), *pulled)

    @property
    def every_pair(self) -> tuple[Pair, ...]:
        """All plans that pull, with what they pull."""
        return (*self.pairs, *self.copies)

    def root(self, collect: CollectPlan) -> ProtectPlan:
        """The plan that makes what ``collect`` pulls, directly or over other collecting plans."""
        name = collect.collects
        while name in self.collecting:
            name = self.collecting[name].collects
        return self.protecting[name]


def _ordered(fleet: Fleet, protecting: Mapping[str, ProtectPlan]) -> tuple[dict[str, CollectPlan], dict[str, int]]:
    """Collecting plans after what they collect; raises `ValueError` for a cycle or a dangling name."""
    waiting = {collect.name: collect for collect in fleet.collect_plans}
    depth = dict.fromkeys(protecting, 0)
    ordered: dict[str, CollectPlan] = {}
    while waiting:
        ready = [collect for collect in waiting.values() if collect.collects in depth]
        if not ready:
            raise ValueError(f"plans collect each other or nothing: {', '.join(sorted(waiting))}")
        for collect in ready:
            depth[collect.name] = depth[collect.collects] + 1
            ordered[collect.name] = waiting.pop(collect.name)
    return ordered, depth


def _moments(fleet: Fleet, nodes: Mapping[str, Node]) -> dict[str, Stream]:
    found = {}
    for plan in fleet.directed_plans:
        zone = nodes[plan.director].timezone
        runs = protected(plan.schedule.cron, zone, plan.limits.duration_seconds)
        found[plan.name] = Stream(plan=plan, zone=zone, nodes=plan.sources, runs=runs)
    return found


def _copies(fleet: Fleet, nodes: Mapping[str, Node], moments: Mapping[str, Stream]) -> tuple[Pair, ...]:
    """Replicas after what they replicate; raises `ValueError` for a cycle or a dangling name."""
    known = dict(moments)
    waiting = {plan.name: plan for plan in fleet.replica_plans}
    found: list[Pair] = []
    while waiting:
        ready = [plan for plan in waiting.values() if plan.replicates in known]
        if not ready:
            raise ValueError(f"plans replicate each other or nothing: {', '.join(sorted(waiting))}")
        for plan in ready:
            pair = _copy(plan, nodes[plan.store.node].timezone, known[plan.replicates])
            known[plan.name] = pair.stream
            found.append(pair)
            del waiting[plan.name]
    return tuple(found)


def _copy(plan: ReplicaPlan, zone: str, upstream: Stream) -> Pair:
    meeting = collected(plan.schedule.cron, zone, plan.limits.duration_seconds, upstream.runs)
    stream = Stream(plan=plan, zone=zone, nodes=plan.store.sources, runs=meeting.runs)
    return Pair(plan=plan, upstream=upstream, stream=stream, meeting=meeting)


def _by_zone(zones: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    grouped: dict[str, list[str]] = defaultdict(list)
    for name, zone in zones.items():
        grouped[zone].append(name)
    return {zone: tuple(sorted(names)) for zone, names in sorted(grouped.items())}
