"""What a reviewer asks of a plan that directs: what happens when, how long all stand still, who may order what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from generator.engines.directed import names
from generator.inventory.model import DirectedPlan, Fleet
from generator.prove.verbs import Order, orders
from generator.prove.wording import count, spell_names, spell_seconds
from generator.review.summary import Section


def direction(fleet: Fleet) -> Mapping[str, tuple[Section, ...]]:
    """The phases on each director's page, and on every other's what may be ordered of it, by the node's name."""
    sections: dict[str, list[Section]] = defaultdict(list)
    for plan in fleet.directed_plans:
        sections[plan.director].append(_phases(plan))
    by_node: dict[str, list[Order]] = defaultdict(list)
    for order in orders(fleet).values():
        by_node[order.node].append(order)
    for node, given in by_node.items():
        sections[node].append(_orders(given))
    return {node: tuple(listed) for node, listed in sections.items()}


def _phases(plan: DirectedPlan) -> Section:
    return Section(
        title=f"How plan {plan.name} makes a backup",
        note="Each phase ends everywhere before the next begins. Whatever fails, containers go on and snapshots go.",
        head=("phase", "where", "program there", "what happens"),
        rows=tuple((str(number), *row) for number, row in enumerate(_steps(plan), 1)),
    )


def _steps(plan: DirectedPlan) -> Iterator[tuple[str, str, str]]:
    stores = spell_names([store.node for store in plan.stores], len(plan.stores))
    if plan.quiesced:
        deadline = spell_seconds(plan.lease.deadline_seconds)
        held = f"writers are held still, for at most {deadline}: then each node lets them go by itself"
        quiesced = spell_names(plan.quiesced, len(plan.quiesced))
        yield quiesced, names.pause(plan.name), held
    sources = spell_names(plan.sources, len(plan.sources))
    yield sources, names.prepare(plan.name), "snapshots are taken"
    if plan.quiesced:
        yield quiesced, names.unpause(plan.name), "writers go on; had one done so before, the backup is partial"
    pulled = f"the stores pull the snapshots, each {count(plan.limits.parallel, 'source')} at once"
    yield stores, names.pull(plan.name), pulled
    yield stores, names.commit(plan.name), "what was pulled is published, as complete or partial, and old backups go"
    yield sources, names.remove(plan.name), "snapshots are removed"


def _orders(given: list[Order]) -> Section:
    return Section(
        title="What may be ordered of it",
        note="Each order is a key of its own. Data is only ever pulled: no order brings any.",
        head=("order", "program", "by root on", "the worst that a thief of the key can do"),
        rows=tuple(
            (order.verb, order.capsule, spell_names(sorted(order.callers), len(order.callers)), order.worst)
            for order in sorted(given, key=lambda one: one.capsule)
        ),
    )
