"""The holes of systemd's units."""

from __future__ import annotations

from typing import assert_never

from generator.plan import Hole, Holes, SystemdMailer, SystemdService, SystemdTimer, SystemdUnit, holes
from generator.quoting import SystemdCalendar, SystemdPath, SystemdText, SystemdWord
from generator.render.views import NodeNames

LAST_RESORT_SECONDS = 3600  # how much longer than a run's own limit systemd waits before it ends the run


def template_and_holes(unit: SystemdUnit, names: NodeNames) -> tuple[str, Holes]:
    """What ``unit`` is rendered with."""
    match unit:
        case SystemdService():
            return "systemd/run.service.j2", _service(unit, names)
        case SystemdMailer():
            return "systemd/mail.service.j2", _mailer(unit, names)
        case SystemdTimer():
            return "systemd/run.timer.j2", _timer(unit, names)
        case _:
            assert_never(unit)


def _service(unit: SystemdService, names: NodeNames) -> Holes:
    """One run, with what it needs as flags."""
    needs, word = unit.needs, SystemdWord.of
    mail = {"mailer": word(unit.mailer), "errors_path": word(unit.errors_path)} if unit.mailer else {}
    return holes(
        **_names(names),
        description=SystemdText.of(unit.description),
        command=word(unit.capsule_path),
        mailed=bool(unit.mailer),
        limited=needs.seconds > 0,
        seconds=word(str(needs.seconds + LAST_RESORT_SECONDS)),
        sandboxed=not needs.controls,
        writes=tuple(SystemdPath.of(path) for path in needs.writes),
        everything=needs.reads_everything,
        any_file=needs.any_file,
        accounts=needs.accounts,
        network=needs.network,
        **mail,
    )


def _mailer(unit: SystemdMailer, names: NodeNames) -> Holes:
    """One capsule."""
    return holes(
        **_names(names),
        description=SystemdText.of(unit.description),
        command=SystemdWord.of(unit.capsule_path),
    )


def _timer(unit: SystemdTimer, names: NodeNames) -> Holes:
    """One line an event."""
    return holes(
        **_names(names),
        description=SystemdText.of(unit.description),
        service=SystemdWord.of(unit.service),
        calendars=tuple(SystemdCalendar.of(calendar) for calendar in unit.calendars),
    )


def _names(names: NodeNames) -> dict[str, Hole]:
    return {
        "deployment": SystemdWord.of(names.deployment),
        "node": SystemdWord.of(names.node),
        "build_id": SystemdWord.of(names.build_id),
    }
