"""Pausing as a lease: what is held comes back by itself, and nothing else is ever released."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fleets import HERE, make_dataset
from quiet_machine import DOCKER, WAIT, Machine, container, quiescer

from generator.engines.discovery import snapshots
from generator.engines.producers.paths import PathsSettings
from generator.inventory.model import Dataset, Snapshot
from generator.verify.bash_rules import violations
from generator.verify.bash_tree import parse
from generator.verify.shellcheck import EXCLUDED

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are run by root")
SHELLCHECK = Path(sys.executable).parent / "shellcheck"


def is_over(machine: Machine) -> bool:
    return "held" not in machine.lease()


def test_capsules_obey_every_rule(machine: Machine) -> None:
    everything = (
        DOCKER,
        quiescer("podman"),
        quiescer("service", unit="postgresql.service"),
        quiescer("fsfreeze", path="/srv/data"),
    )
    machine.install(*everything, control=True, datasets=(frozen("frozen", "btrfs"),))
    capsules = sorted((machine.root / "bin").iterdir())
    assert {one.name: violations(parse(one.read_bytes())) for one in capsules} == {one.name: () for one in capsules}
    excluded = f"--exclude={','.join(EXCLUDED)}"
    command = [SHELLCHECK, "--norc", "--enable=all", "--severity=style", excluded, "--format=gcc", *capsules]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_runs_is_paused_and_comes_back(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running", b="running", c="paused", d="exited")
    paused = machine.run("pause_deployment")
    assert (paused.returncode, paused.stdout, paused.stderr) == (0, "paused 2\n", "")
    assert machine.state() == {"a": "paused", "b": "paused", "c": "paused", "d": "exited"}
    released = machine.run("unpause_deployment")
    assert (released.returncode, released.stderr) == (0, "")
    word, seconds = released.stdout.split()
    assert word == "held" and 0 < float(seconds) < 20
    assert machine.state() == {"a": "running", "b": "running", "c": "paused", "d": "exited"}
    again = machine.run("unpause_deployment")
    assert (again.returncode, again.stdout) == (0, "nothing\n")
    machine.until(lambda: not machine.watchdogs())


def test_what_another_build_held_is_never_forgotten(machine: Machine) -> None:
    """The end was called before a push, the pause after it: what it holds is left to its own build's watchdog."""
    machine.install(DOCKER, deadline=3)
    machine.containers(a="running")
    machine.unit("db.service", "active")
    ending = machine.start("unpause_deployment", WAIT)
    assert ending.stdout is not None
    assert ending.stdout.readline() == "ready\n"
    for capsule in (machine.root / "bin").iterdir():
        capsule.unlink()  # it runs on, as after a rename
    machine.install(DOCKER, quiescer("service", "db", unit="db.service"), deadline=3)
    pausing = machine.start("pause_deployment", WAIT)
    assert pausing.communicate("now\n", timeout=60)[0] == "ready\npaused 2\n"
    said = ending.communicate("now\n", timeout=60)
    assert (ending.returncode, said[0], "PAUSE-STAYS" in said[1]) == (74, "", True), said
    assert machine.running() == "a"
    machine.until(lambda: is_over(machine) and not machine.watchdogs())
    assert machine.unit("db.service") == "active"


def test_a_pause_that_nobody_ends_ends_by_itself_and_never_counts(machine: Machine) -> None:
    machine.install(DOCKER, deadline=2)
    machine.containers(a="running", b="paused")
    assert machine.run("pause_deployment").stdout == "paused 1\n"
    assert machine.running() == ""
    machine.until(lambda: is_over(machine))
    assert machine.running() == "a"
    late = machine.run("unpause_deployment")
    assert (late.returncode, late.stdout) == (10, "lapsed\n")
    assert "LEASE-LAPSED" in late.stderr
    assert machine.lease() == {"over", "pausing"}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_kill_at_any_step_leaves_nothing_paused(machine: Machine, call: int, moment: str) -> None:
    machine.install(DOCKER, deadline=2)
    machine.containers(a="running", b="running", c="paused")
    machine.set(f"kill.{moment}", str(call))
    killed = machine.start("pause_deployment")
    assert killed.wait() == -9
    machine.until(lambda: is_over(machine) or not machine.watchdogs())
    assert machine.running() == "ab"
    machine.unset(f"kill.{moment}")
    machine.install(DOCKER)
    assert machine.run("pause_deployment").stdout == "paused 2\n"
    assert machine.run("unpause_deployment").stdout.startswith("held ")
    assert machine.running() == "ab"


def test_a_kill_between_two_containers(machine: Machine) -> None:
    machine.install(DOCKER, deadline=2)
    machine.containers(a="running", b="running")
    machine.set("kill.amid", "2")
    killed = machine.start("pause_deployment")
    assert killed.wait() == -9
    assert machine.running() != "ab"
    assert machine.run("unpause_deployment").stdout == "lapsed\n"
    assert machine.running() == "ab"


@pytest.mark.parametrize("call", [4, 5])
def test_a_kill_while_it_is_released(machine: Machine, call: int) -> None:
    machine.install(DOCKER, deadline=3)
    machine.containers(a="running", b="running")
    assert machine.run("pause_deployment").stdout == "paused 2\n"
    machine.set("kill.before", str(call))
    assert machine.start("unpause_deployment").wait() == -9
    machine.until(lambda: is_over(machine))
    assert machine.running() == "ab"
    assert machine.run("unpause_deployment").stdout == "lapsed\n"


def test_a_pause_that_is_slower_than_its_own_deadline(machine: Machine) -> None:
    machine.install(DOCKER, deadline=1)
    machine.containers(a="running", b="running")
    machine.set("pause.slow", "3")
    slow = machine.run("pause_deployment")
    assert (slow.returncode, slow.stdout) == (10, "lapsed\n")
    machine.until(lambda: not machine.watchdogs())
    assert machine.running() == "ab"
    assert machine.run("unpause_deployment").stdout == "lapsed\n"


def test_a_daemon_that_carries_an_order_out_late_leaves_nothing_paused(machine: Machine) -> None:
    machine.call_seconds, machine.calm_seconds = 3, 6
    machine.install(DOCKER, deadline=2)
    machine.containers(a="running", c="paused")
    machine.set("pause.late", "7")
    failed = machine.run("pause_deployment")
    assert "PAUSE-UNANSWERED" in failed.stderr
    machine.until(lambda: (machine.root / "pause.came").exists())
    machine.until(lambda: is_over(machine) and not machine.watchdogs())
    assert machine.state() == {"a": "running", "c": "paused"}


def test_an_end_that_comes_while_it_is_being_paused(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running", b="running")
    machine.set("pause.slow", "2")
    begun = machine.start("pause_deployment")
    machine.until(lambda: "held" in machine.lease())
    ended = machine.run("unpause_deployment")
    assert (ended.returncode, ended.stdout) == (10, "lapsed\n")
    assert begun.wait() == 10
    assert machine.running() == "ab"


def frozen(name: str, engine: str) -> Dataset:
    snapshot = Snapshot(engine=engine, settings=snapshots()[engine].settings(), mount="", origin=HERE)
    return make_dataset(name, settings=PathsSettings(paths=(f"/srv/{name}",)), snapshot=snapshot)


def test_what_waits_to_be_written_is_written_before_anything_stands_still(machine: Machine) -> None:
    machine.tool(
        "sync",
        f'#!/bin/bash\ncd {machine.root}\necho "$*" "$(cat containers/*)" >>synced\n[[ ! -e slow ]] || sleep 30\n',
    )
    machine.install(DOCKER, deadline=8, datasets=(frozen("frozen", "btrfs"), frozen("live", "plain")))
    machine.containers(a="running")
    paused = machine.run("pause_deployment")
    assert (paused.stdout, paused.stderr) == ("paused 1\n", "")
    assert (machine.root / "synced").read_text() == "--file-system -- /srv/frozen running\n"
    assert machine.run("unpause_deployment").stdout.startswith("held ")
    machine.set("slow")
    began = time.monotonic()
    late = machine.run("pause_deployment")
    assert late.stdout == "paused 1\n"
    assert time.monotonic() - began < 15
    assert "FLUSH-UNFINISHED" in late.stderr and "/srv/frozen" in late.stderr
    assert machine.run("unpause_deployment").stdout.startswith("held ")


def test_an_order_whose_answer_was_lost_is_carried_out_and_undone(machine: Machine) -> None:
    machine.install(DOCKER, deadline=8)
    machine.containers(a="running", b="running")
    docker = (machine.root / "tools" / "docker").read_text()
    lose = '[[ "$verb" == pause && ! -e lost ]] && { touch lost; echo "error during connect: EOF" >&2; exit 1; }'
    paused = f"touch came; echo paused >containers/{container('b')}"
    come = f'[[ "$verb" == ls && -e lost && ! -e came ]] && {{ {paused}; }}'
    for before, then in (("hurt before\n", lose), ("hurt after\n", come)):
        docker = docker.replace(before, f"{before}{then}\n", 1)
    machine.tool("docker", docker)
    machine.run("pause_deployment")
    machine.run("unpause_deployment")
    assert machine.state() == {"a": "running", "b": "running"}


def test_a_cool_down(machine: Machine) -> None:
    machine.install(DOCKER, cool_down=600)
    machine.containers(a="running")
    assert machine.run("pause_deployment").stdout == "paused 1\n"
    assert machine.run("unpause_deployment").returncode == 0
    refused = machine.run("pause_deployment")
    assert (refused.returncode, refused.stdout) == (75, "")
    assert "COOLING-DOWN" in refused.stderr
    assert machine.running() == "a"


def test_one_lease_at_a_time(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.install(DOCKER, plan="other")
    machine.containers(a="running")
    assert machine.run("pause_deployment").stdout == "paused 1\n"
    for again in ("pause_deployment", "pause_other"):
        refused = machine.run(again)
        assert (refused.returncode, refused.stdout) == (75, "")
    assert machine.run("unpause_other").stdout == "nothing\n"
    assert machine.running() == ""
    assert machine.run("unpause_deployment").stdout.startswith("held ")
    assert machine.run("pause_other").stdout == "paused 1\n"
    assert machine.run("unpause_other").stdout.startswith("held ")


def test_docker_that_does_not_answer(machine: Machine) -> None:
    machine.install(DOCKER, deadline=2)
    machine.containers(a="running")
    machine.set("docker.down")
    failed = machine.run("pause_deployment")
    assert (failed.returncode, failed.stdout) == (69, "")
    machine.unset("docker.down")
    assert machine.run("pause_deployment").stdout == "paused 1\n"
    machine.set("docker.down")
    time.sleep(4)
    assert machine.running() == ""
    machine.unset("docker.down")
    machine.until(lambda: is_over(machine))
    assert machine.running() == "a"


def test_residue_of_a_run_whose_watchdog_was_killed_too(machine: Machine) -> None:
    machine.install(DOCKER, deadline=2)
    machine.containers(a="running", c="paused")
    assert machine.run("pause_deployment").stdout == "paused 1\n"
    for watchdog in machine.watchdogs():
        os.kill(watchdog, 9)
    time.sleep(2.2)
    assert machine.running() == ""
    again = machine.run("pause_deployment")
    assert (again.returncode, again.stdout) == (0, "paused 1\n")
    assert "RESIDUE-RELEASED" in again.stderr
    assert machine.run("unpause_deployment").stdout.startswith("held ")
    assert machine.state() == {"a": "running", "c": "paused"}


def test_services_stop_first_and_start_last(machine: Machine) -> None:
    machine.install(
        DOCKER, quiescer("service", "db", unit="db.service"), quiescer("service", "web", unit="web.service")
    )
    machine.containers(a="running")
    machine.unit("db.service", "active")
    machine.unit("web.service", "inactive")
    assert machine.run("pause_deployment").stdout == "paused 2\n"
    assert (machine.unit("db.service"), machine.running()) == ("inactive", "")
    assert machine.run("unpause_deployment").stdout.startswith("held ")
    assert (machine.unit("db.service"), machine.unit("web.service"), machine.running()) == ("active", "inactive", "a")


def test_a_service_that_does_not_stop_or_does_not_exist(machine: Machine) -> None:
    machine.install(DOCKER, quiescer("service", unit="db.service"))
    machine.containers(a="running")
    assert machine.run("pause_deployment").returncode == 69
    machine.unit("db.service", "active")
    machine.set("stop.fails")
    assert machine.run("pause_deployment").returncode == 69
    assert (machine.unit("db.service"), machine.running()) == ("active", "a")
    machine.until(lambda: not machine.watchdogs())


def test_a_watchdog_that_can_write_nothing_releases_all_the_same(machine: Machine) -> None:
    machine.install(DOCKER, deadline=4)
    machine.containers(a="running")
    assert machine.run("pause_deployment").stdout == "paused 1\n"
    lapsed = machine.root / "run" / "test" / "lease_deployment" / "lapsed"
    lapsed.mkdir()
    machine.until(lambda: machine.running() == "a")


def test_a_run_directory_that_is_full_keeps_no_restore_away(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running")
    assert machine.run("pause_deployment").returncode == 0
    (machine.root / "run" / "test" / "lease_deployment" / "over").mkdir()
    assert machine.run("unpause_deployment").returncode != 0
    assert machine.running() == "a"
    assert machine.lease() == {"over", "pausing"}
