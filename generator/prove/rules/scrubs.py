"""Old backups are read again when no run needs the same disks: a run has a time limit, and a scrub slows it down."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from generator.diagnostics import Diagnostic, Severity
from generator.inventory.model import Schedule
from generator.prove.facts import Facts
from generator.prove.report import ProofReport
from generator.prove.streams import Stream
from generator.prove.timeline import timeline
from generator.prove.wording import finding, spell_duration, spell_moment


def check(facts: Facts) -> ProofReport:
    """Code C0404: a scrub of a directed or a replica plan begins while a run may still go on."""
    return ProofReport(diagnostics=tuple(_meetings(facts)))


def _meetings(facts: Facts) -> Iterator[Diagnostic]:
    for plan in facts.fleet.directed_plans:
        zones = {facts.nodes[store.node].timezone for store in plan.stores}
        for zone in sorted(zones if plan.scrub is not None else ()):
            yield from _meeting(facts.moments[plan.name], plan.scrub, zone)
    for copy in facts.copies:
        yield from _meeting(copy.stream, copy.plan.scrub, copy.stream.zone)


def _meeting(stream: Stream, scrub: Schedule | None, zone: str) -> Iterator[Diagnostic]:
    """The first scrub that begins during a run in its worst case, if there is one."""
    runs = stream.runs
    for start in timeline(scrub.cron, zone).starts if scrub is not None else ():
        index = bisect_right(runs.starts, start) - 1
        if index >= 0 and start < runs.starts[index] + runs.duration:
            assert scrub is not None
            yield finding(
                "C0404",
                f"the scrub of {stream.plan.name} begins at {spell_moment(start, zone)}, when its run of "
                f"{spell_moment(runs.starts[index], stream.zone)} may still go on: it may take "
                f"{spell_duration(runs.duration)}, and a scrub slows it down",
                scrub.origin,
                "let the scrub begin after the worst-case end of a run",
                (stream.schedule.origin, f"{stream.plan.name} starts by this schedule"),
                severity=Severity.WARNING,
            )
            return
