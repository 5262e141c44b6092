"""What starts a node's capsules by itself: one cron table, or units of systemd, as the inventory says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from generator.engines.capsules import capsule_path, cron_path, make_capsule
from generator.inventory.model import Fleet, Node, Scheduler
from generator.lowering.calendar import calendar_events
from generator.plan import Artifact, Capsule, CronEntry, CronTable, SystemdMailer, SystemdService, SystemdTimer
from generator.quoting import ShellWord

UNITS = "/etc/systemd/system"


def schedule_artifacts(fleet: Fleet, node: Node, entries: Iterable[CronEntry]) -> list[Artifact]:
    """Everything that starts ``entries`` on ``node``, nothing if there are none."""
    ordered = tuple(sorted(entries, key=lambda entry: (entry.capsule_path, entry.schedule)))
    if not ordered:
        return []
    match node.scheduler:
        case Scheduler.CRON:
            return [CronTable(path=cron_path(fleet), mail_to=fleet.mail_to, entries=ordered, origin=node.origin)]
        case Scheduler.SYSTEMD:
            return [artifact for entry in ordered for artifact in _units(fleet, node, entry)]
        case _:
            assert_never(node.scheduler)


def errors_directory(fleet: Fleet) -> str:
    """Where the last run's standard error of each scheduled capsule lies on a node with systemd's timers."""
    return f"{fleet.paths.state}/errors"


def _units(fleet: Fleet, node: Node, entry: CronEntry) -> list[Artifact]:
    run = entry.capsule_path.rpartition("/")[2]
    service = _unit(fleet, f"{run}.service")
    timer = SystemdTimer(
        path=f"{UNITS}/{_unit(fleet, f'{run}.timer')}",
        description=f"Starts {run} of {fleet.deployment}",
        service=service,
        schedule=entry.schedule,
        calendars=calendar_events(entry.schedule, node.timezone),
        capsule_path=entry.capsule_path,
        mail_to=fleet.mail_to,
        origin=entry.origin,
    )
    started = SystemdService(
        path=f"{UNITS}/{service}",
        description=f"Capsule {run} of {fleet.deployment}",
        capsule_path=entry.capsule_path,
        needs=entry.needs,
        errors_path=f"{errors_directory(fleet)}/{run}" if fleet.mail_to else "",
        mailer=_unit(fleet, f"mail_{run}.service") if fleet.mail_to else "",
        origin=entry.origin,
    )
    return [started, timer, *(_mailing(fleet, node, entry, run) if fleet.mail_to else ())]


def _mailing(fleet: Fleet, node: Node, entry: CronEntry, run: str) -> tuple[Capsule, SystemdMailer]:
    name = f"mail_{run}"
    capsule = make_capsule(
        fleet,
        node,
        name=name,
        template="mail_errors.sh.j2",
        summary=f"Mails what the last run of {run} complained of.",
        origin=entry.origin,
        said=ShellWord.of(f"{errors_directory(fleet)}/{run}"),
        unit=ShellWord.of(_unit(fleet, f"{run}.service")),
        mail_to=ShellWord.of(fleet.mail_to),
        run=ShellWord.of(run),
    )
    unit = SystemdMailer(
        path=f"{UNITS}/{_unit(fleet, f'{name}.service')}",
        description=f"Mails what {run} of {fleet.deployment} complained of",
        capsule_path=capsule_path(fleet, name),
        origin=entry.origin,
    )
    return capsule, unit


def _unit(fleet: Fleet, name: str) -> str:
    return f"capsule-{fleet.deployment}-{name}"
