"""Units of systemd: systemd's own reader, how exposed a run is, and that every unit of an example is right."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from generator.inventory import load
from generator.inventory.model import Fleet, Scheduler
from generator.lowering import lower
from generator.plan import Capsule, CronTable, Needs, NodePlan, Origin, SystemdService, SystemdTimer
from generator.render import open_library
from generator.render.units import template_and_holes
from generator.render.views import NodeNames
from generator.verify import find_tools, systemd
from tests.verify.test_kinds import Kind, subject

KAIZEN = Path(__file__).parents[2] / "inventory" / "kaizen.yml"
SBDI = KAIZEN.with_name("sbdi.yml")
TOOLS = find_tools()
NAMES = NodeNames(deployment="k", node="web", build_id="0")
TIMER = "[Timer]\nUnit=x.service\nOnCalendar={}\n\n[Install]\nWantedBy=timers.target\n"
SERVICE = "[Service]\nType=oneshot\nExecStart=/opt/c/bin/x\n{}\n"


def with_systemd(inventory: Path) -> Fleet:
    fleet = load(inventory).fleet
    assert fleet is not None
    return replace(fleet, nodes=tuple(replace(node, scheduler=Scheduler.SYSTEMD) for node in fleet.nodes))


def plan_of(inventory: Path, node: str) -> NodePlan:
    return next(one for one in lower(with_systemd(inventory)).nodes if one.name == node)


def exposure(plan: NodePlan, capsule: str, directory: Path) -> float:
    """What ``systemd-analyze security`` says of a unit: 0 is nothing, 10 everything."""
    unit = next(one for one in plan.artifacts if one.path.endswith(f"-{capsule}.service"))
    assert not isinstance(unit, Capsule)
    file = directory / unit.path.rpartition("/")[2]
    file.write_text(text_of(unit))
    asked = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(file)]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found is not None, said
    return float(found[1])


def text_of(unit: object) -> str:
    template, holes = template_and_holes(unit, NAMES)  # type: ignore[arg-type]
    return open_library().render(template, holes).text


@pytest.mark.parametrize(
    ("inventory", "node", "capsule", "threshold"),
    [
        pytest.param(KAIZEN, "website", "check_backups", 2.0, id="reads results"),
        pytest.param(KAIZEN, "website", "scrub_nightly", 2.5, id="reads backups"),
        pytest.param(KAIZEN, "services-1", "collect_collection", 3.3, id="reaches others"),
        pytest.param(KAIZEN, "website", "backup_nightly", 4.7, id="reads everything as root"),
        pytest.param(KAIZEN, "website", "mail_backup_nightly", 7.0, id="mail leaves as the node has it"),
        pytest.param(SBDI, "backup-director", "perform_backup", 3.3, id="orders others"),
        pytest.param(SBDI, "backup-target", "scrub_whole", 8.0, id="steers a file system"),
    ],
)
def test_a_run_is_exposed_no_more_than_it_needs(
    inventory: Path, node: str, capsule: str, threshold: float, tmp_path: Path
) -> None:
    assert exposure(plan_of(inventory, node), capsule, tmp_path) <= threshold


def test_what_only_some_need_is_left_to_them_alone() -> None:
    unit = SystemdService(
        path="/x",
        description="x",
        capsule_path="/x",
        needs=Needs(),
        errors_path="",
        mailer="",
        origin=Origin(path="n"),
    )
    everything = text_of(unit)
    assert "ProtectSystem" not in everything  # what it mounts must be seen by all
    assert "OnFailure" not in everything
    reading = text_of(replace(unit, needs=Needs(controls=False, writes=("/back ups/100%",))))
    assert 'ReadWritePaths="-/back ups/100%%"\n' in reading
    assert "PrivateTmp" not in reading and "ProtectHome" not in reading and "PrivateDevices" not in reading
    least = Needs(controls=False, reads_everything=False, any_file=False, accounts=False, network=False, seconds=60)
    quiet = text_of(replace(unit, needs=least))
    assert "PrivateNetwork=yes" in quiet and "CAP_SYS_ADMIN" not in quiet and "TimeoutStartSec=3660\n" in quiet


@pytest.mark.parametrize(
    ("content", "name", "right"),
    [
        (TIMER.format("*-*-* 03:15:00 Europe/Stockholm"), "x.timer", True),
        (TIMER.format("*-*-* 25:15:00"), "x.timer", False),
        (TIMER.format("*-*-* 03:15:00 Europe/Nowhere"), "x.timer", False),
        (SERVICE.format("PrivateTmp=yes"), "x.service", True),
        (SERVICE.format("PrivateTemp=yes"), "x.service", False),
        (SERVICE.format("SystemCallFilter=@system-servant"), "x.service", False),
        (SERVICE.format('ReadWritePaths="-/a'), "x.service", False),
    ],
)
def test_systemd_reads_every_unit(content: str, name: str, right: bool, tmp_path: Path) -> None:
    report = systemd.verify([subject(Kind.SERVICE, content, f"/etc/systemd/system/{name}")], TOOLS, tmp_path)
    assert (not report.faults) is right, report


def test_a_missing_reader_is_said(tmp_path: Path) -> None:
    report = systemd.verify([subject(Kind.TIMER, TIMER.format("daily"), "/x.timer")], {}, tmp_path)
    assert [missing.tool for missing in report.unverified] == ["systemd-analyze"]


def test_the_scheduler_is_chosen_node_by_node() -> None:
    fleet = with_systemd(KAIZEN)
    mixed = replace(
        fleet,
        nodes=tuple(replace(one, scheduler=Scheduler.CRON) if one.name == "website" else one for one in fleet.nodes),
    )
    for node in lower(mixed).nodes:
        timers = [one for one in node.artifacts if isinstance(one, SystemdTimer)]
        tables = [one for one in node.artifacts if isinstance(one, CronTable)]
        assert (bool(timers), bool(tables)) == (node.name != "website", node.name == "website")
        assert {timer.mail_to for timer in timers} <= {"kaizen@lists.massopen.cloud"}
        assert ("cron" in node.packages) is (node.name == "website")
        errors = [one.path for one in node.directories if one.path.endswith("/errors")]
        assert len(errors) == (node.name != "website")
