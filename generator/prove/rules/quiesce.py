"""Whatever is held still is let go again on every path, and the longest pause is known.

Read from the artifacts: every node that a plan holds still has the capsule that begins a lease and the one that ends
it, both with the plan's deadline compiled in; the director has a key for each, tells everybody to go on whom it told
to pause, and gives up pausing before a pause is over. The capsule that begins a lease starts the node's own watchdog
before it holds anything; that is what its tests show, not this proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from generator.diagnostics import Diagnostic
from generator.engines.directed import names
from generator.inventory.model import DirectedPlan
from generator.plan import Capsule, Hole, Holes
from generator.prove.facts import Facts
from generator.prove.network import Network
from generator.prove.report import ProofReport
from generator.prove.rules.reachability import OUR_BUG
from generator.prove.wording import count, finding, spell_moment, spell_seconds
from generator.quoting import ShellWord

# What a capsule of a lease must have compiled in, and which part of the plan says it.
DEADLINE, COOL_DOWN = "deadline_seconds", "cool_down_seconds"


def check(facts: Facts) -> ProofReport:
    """Codes C0471 (a pause that is not whole), C0472 (a cool-down that refuses the plan's own next run)."""
    network = Network.of(facts.plan)
    diagnostics: list[Diagnostic] = []
    proved: list[str] = []
    for plan in facts.fleet.directed_plans:
        found = [*_gaps(facts, network, plan), *_refused(facts, plan)]
        diagnostics += found
        if not found and plan.quiesced:
            proved.append(_sentence(plan))
    return ProofReport(diagnostics=tuple(diagnostics), proved=tuple(proved))


def _sentence(plan: DirectedPlan) -> str:
    deadline, cool_down = spell_seconds(plan.lease.deadline_seconds), spell_seconds(plan.lease.cool_down_seconds)
    return (
        f"{plan.name}: the longest pause of {count(len(plan.quiesced), 'node')} is {deadline}, whatever becomes of "
        f"{plan.director}: each node ends it by itself, and begins no other for {cool_down}"
    )


def _gaps(facts: Facts, network: Network, plan: DirectedPlan) -> Iterator[Diagnostic]:
    by_node = {(name, capsule.name): capsule for (name, _), capsule in network.capsules.items()}
    ordered = {(edge.client, edge.server, edge.capsule) for edge in network.keys}
    for node in plan.quiesced:
        for capsule in (names.pause(plan.name), names.unpause(plan.name)):
            for text in _lacks(by_node.get((node, capsule)), plan):
                yield finding("C0471", f"{capsule} of {node} {text}", plan.lease.origin, OUR_BUG)
            if (plan.director, node, capsule) not in ordered:
                text = f"{plan.director} has no key for {capsule} of {node}"
                yield finding("C0471", text, plan.lease.origin, OUR_BUG)
    for text in _order_gaps(by_node.get((plan.director, names.PERFORM)), plan):
        yield finding("C0471", f"{names.PERFORM} of {plan.director} {text}", plan.lease.origin, OUR_BUG)
    known = {names.pause(one.name): set(one.quiesced) for one in facts.fleet.directed_plans}
    for name, capsule_name in by_node:
        if capsule_name == names.pause(plan.name) and name not in known[capsule_name]:
            text = f"{capsule_name} of {name} can be begun, and {plan.name} does not hold that node still"
            yield finding("C0471", text, plan.lease.origin, OUR_BUG)


def _lacks(capsule: Capsule | None, plan: DirectedPlan) -> Iterator[str]:
    if capsule is None:
        yield "does not exist"
        return
    compiled = capsule.holes.as_mapping()
    for hole, seconds in ((DEADLINE, plan.lease.deadline_seconds), (COOL_DOWN, plan.lease.cool_down_seconds)):
        if compiled.get(hole) != ShellWord.of(str(seconds)):
            yield f"does not have the {seconds} seconds of `{hole}` compiled in"


def _order_gaps(capsule: Capsule | None, plan: DirectedPlan) -> Iterator[str]:
    """What is wrong with whom the director tells to pause and to go on, and with its time for it."""
    if capsule is None:
        yield "does not exist"
        return
    compiled = capsule.holes.as_mapping()
    told = {ShellWord.of(node) for node in plan.quiesced}
    for phase in ("pause", "unpause"):
        if _targets(compiled.get(phase)) != told:
            nodes = count(len(plan.quiesced), "node")
            yield f"does not tell exactly the {nodes} that {plan.name} holds still to {phase}"
    limit = compiled.get("pause_seconds")
    if plan.quiesced and limit not in {ShellWord.of(str(one)) for one in range(1, plan.lease.deadline_seconds)}:
        yield "has no limit for pausing that is shorter than a pause may last"


def _targets(given: Hole | None) -> set[Hole]:
    return (
        {one.as_mapping()["name"] for one in given if isinstance(one, Holes)} if isinstance(given, tuple) else set()
    )


def _refused(facts: Facts, plan: DirectedPlan) -> Iterator[Diagnostic]:
    """A run that comes within the cool-down of the one before would find every node unwilling."""
    stream = facts.moments[plan.name]
    starts = stream.runs.timeline.starts
    least = (plan.lease.deadline_seconds + plan.lease.cool_down_seconds) / 60
    for start, following in pairwise(starts):
        if plan.quiesced and following - start <= least:
            yield finding(
                "C0472",
                f"{plan.name} is due at {spell_moment(start, stream.zone)} and again at "
                f"{spell_moment(following, stream.zone)}, when its nodes may still refuse a pause: one lasts up to "
                f"{spell_seconds(plan.lease.deadline_seconds)}, and no other begins for "
                f"{spell_seconds(plan.lease.cool_down_seconds)}",
                plan.schedule.origin,
                "run it less often, or shorten `cool_down`",
                (plan.lease.origin, "the pause"),
            )
            return
