"""Every part of a directed plan has time to be pulled: a store's time is shared evenly, and no share is too short."""

from __future__ import annotations

from collections.abc import Iterator

from generator.diagnostics import Diagnostic
from generator.engines.directed import names
from generator.engines.directed.phases import source_share
from generator.engines.directed.source import shortest_send_seconds
from generator.inventory.model import DirectedPlan
from generator.prove.facts import Facts
from generator.prove.report import ProofReport
from generator.prove.wording import count, finding


def check(facts: Facts) -> ProofReport:
    """Code C0405: what a source may take is too short for its parts, which would fail night after night."""
    return ProofReport(diagnostics=tuple(one for plan in facts.fleet.directed_plans for one in _short(facts, plan)))


def _short(facts: Facts, plan: DirectedPlan) -> Iterator[Diagnostic]:
    """The first source of each store that cannot be done in its time."""
    for store in plan.stores:
        given = source_share(plan, store)
        for source in store.sources:
            parts = names.planned_datasets(plan, facts.nodes[source])
            # the time is shared evenly among the parts of a source
            needed = len(parts) * max(map(shortest_send_seconds, parts), default=0)
            if needed > given:
                yield finding(
                    "C0405",
                    f"{store.node} has {max(0, given)} s for each of its {count(len(store.sources), 'source')}, "
                    f"{plan.limits.parallel} at once, and {source} with {count(len(parts), 'part')} takes at least "
                    f"{needed} s",
                    plan.limits.origin,
                    "raise expected_duration or parallel, or spread the sources over more stores",
                    (facts.nodes[source].origin, "the source"),
                )
                break
