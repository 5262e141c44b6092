"""A node's scheduler starts what the proofs believe is started: they know cron, which makes up for a skipped hour."""

from __future__ import annotations

from collections.abc import Iterator

from generator.diagnostics import Diagnostic
from generator.plan import SystemdTimer
from generator.prove.facts import Facts
from generator.prove.report import ProofReport
from generator.prove.timeline import timeline
from generator.prove.wording import finding, spell_wall


def check(facts: Facts) -> ProofReport:
    """Code C0415: a schedule that systemd and cron read differently when the clock changes."""
    return ProofReport(diagnostics=tuple(_differences(facts)))


def _differences(facts: Facts) -> Iterator[Diagnostic]:
    for node in facts.plan.nodes:
        zone = facts.nodes[node.name].timezone
        for timer in node.artifacts:
            if isinstance(timer, SystemdTimer):
                yield from _difference(timer, node.name, zone)


def disputed_time(cron: str, zone: str) -> int | None:
    """The first local time at which a change of the clock makes systemd and cron differ, None if there is none.

    Fixed times that are skipped are made up for by cron alone; times of every hour that are repeated run again with
    cron alone (systemd 252, asked with ``systemd-analyze calendar``). A zone that skips times repeats some too,
    perhaps after the time that is looked at for a job that runs so often: such a one is not believed either.
    """
    times = timeline(cron, zone)
    follows_clock = any(field.startswith("*") for field in cron.split()[:2])
    return times.repeated if follows_clock and times.repeated is not None else times.skipped


def _difference(timer: SystemdTimer, node: str, zone: str) -> Iterator[Diagnostic]:
    disputed = disputed_time(timer.schedule, zone)
    if disputed is not None:
        name = timer.capsule_path.rpartition("/")[2]
        yield finding(
            "C0415",
            f"systemd may leave out a run of {name} on {node} that cron would start, at a local time that a change "
            f"of the clock touches: {spell_wall(disputed, zone)}",
            timer.origin,
            "choose an hour that no change of the clock touches, let the node run in UTC, or use `scheduler: cron`",
        )
