"""Orders to pause and to go on: when they come, what has changed until then, and who may wait for them."""

from __future__ import annotations

import os
import time

import pytest
from quiet_machine import DOCKER, WAIT, Machine, container, quiescer

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are run by root")


@pytest.mark.parametrize(
    "said", ["", "\n", "now", "no\n", "wait\n", WAIT, f"{WAIT}no\n", f"{WAIT}now", f"{WAIT}{WAIT}", "pause now\n"]
)
def test_what_is_no_order_pauses_nothing(machine: Machine, said: str) -> None:
    machine.install(DOCKER)
    machine.containers(a="running")
    refused = machine.run("pause_deployment", said)
    assert (refused.returncode, refused.stdout) == ((69, "ready\n") if said.startswith(WAIT) else (64, ""))
    assert machine.running() == "a"
    assert "pause" not in {line.split()[3] for line in machine.docker_calls()}
    assert "lease" not in machine.lease()


def test_who_waits_for_an_order_keeps_nobody_away_and_looks_again(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running")
    waiting, ending = machine.start("pause_deployment", WAIT), machine.start("unpause_deployment", WAIT)
    for one in (waiting, ending):
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    assert machine.running() == "a"
    assert machine.run("pause_deployment").stdout == "paused 1\n"
    assert waiting.communicate("now\n", timeout=60)[0] == ""
    assert (waiting.returncode, machine.running()) == (75, "")
    assert machine.run("unpause_deployment").stdout.startswith("held ")
    # the pause of its own run never was
    assert ending.communicate("now\n", timeout=60)[0] == "lapsed\n"


@pytest.mark.parametrize("end", ["now\n", ""])
def test_a_pause_ends_with_the_order_and_with_the_connection(machine: Machine, end: str) -> None:
    machine.install(DOCKER)
    machine.containers(a="running")
    ending, other = (machine.start("unpause_deployment", said) for said in (WAIT, "wait 20261120T230000Z\n"))
    for one in (ending, other):
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    pausing = machine.start("pause_deployment", WAIT)
    assert pausing.communicate("now\n", timeout=60)[0] == "ready\npaused 1\n"
    # a connection of an earlier run that ends only now ends no pause of this one
    assert other.communicate("", timeout=60)[0] == ""
    assert (other.returncode, machine.running()) == (69, "")
    assert ending.communicate(end, timeout=60)[0].startswith("resumed\nheld ")
    assert machine.running() == "a"


def test_an_order_ends_no_pause_but_that_of_its_own_run(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running")
    ending, pausing = (machine.start(f"{verb}_deployment", WAIT) for verb in ("unpause", "pause"))
    assert pausing.communicate("now\n", timeout=60)[0] == "ready\npaused 1\n"
    # somebody ends it, what was held runs, and is paused again
    assert machine.run("unpause_deployment").stdout.startswith("held ")
    assert machine.run("pause_deployment").stdout == "paused 1\n"
    assert ending.communicate("now\n", timeout=60)[0] == "ready\nlapsed\n"
    assert (ending.returncode, machine.running()) == (10, "")
    assert machine.run("unpause_deployment").stdout.startswith("held ")


def test_only_a_few_wait_for_an_order(machine: Machine) -> None:
    machine.install(DOCKER)
    waiting = [machine.start("unpause_deployment", WAIT) for _ in range(4)]
    for one in waiting:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    late = machine.run("unpause_deployment", WAIT)
    assert (late.returncode, late.stdout) == (75, "")
    assert "SEATS-TAKEN" in late.stderr
    for one in waiting:
        one.communicate("", timeout=60)
    assert machine.run("unpause_deployment", WAIT).stdout == "ready\n"


def test_whoever_ordered_it_may_listen_no_more(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running")
    ending, pausing = (machine.start(f"{verb}_deployment", WAIT) for verb in ("unpause", "pause"))
    for one, order in ((pausing, "now\n"), (ending, "")):
        assert one.stdin is not None and one.stdout is not None and one.stderr is not None
        assert one.stdout.readline() == "ready\n"
        one.stdout.close()
        one.stderr.close()
        one.stdin.write(order)
        one.stdin.close()
        assert one.wait(60) == 0
    assert machine.running() == "a"
    assert machine.lease() == {"over", "pausing"}


def test_what_has_changed_while_an_order_was_waited_for(machine: Machine) -> None:
    machine.install(DOCKER, quiescer("service", unit="db.service"))
    machine.containers(a="running", b="running", c="running", d="paused")
    machine.unit("db.service", "active")
    pausing = machine.start("pause_deployment", WAIT)
    assert pausing.stdout is not None
    assert pausing.stdout.readline() == "ready\n"
    looked = len(machine.docker_calls())
    machine.containers(b="paused", c="exited", d="running", f="running")
    machine.unit("db.service", "inactive")
    assert pausing.communicate("now\n", timeout=60)[0] == "paused 3\n"
    # what was seen before is not asked for again before anything stands still
    assert machine.docker_calls()[looked].split()[3] == "pause"
    assert (machine.state()["c"], machine.running()) == ("exited", "")
    # what others hold stays so, and what ended by itself was no part of it
    assert machine.run("unpause_deployment").stdout.startswith("held ")
    assert machine.state() == {"a": "running", "b": "paused", "c": "exited", "d": "running", "f": "running"}
    assert machine.unit("db.service") == "inactive"


def test_what_ended_before_the_pause_and_runs_in_it_is_noticed(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running", c="running")
    pausing = machine.start("pause_deployment", WAIT)
    assert pausing.stdout is not None
    assert pausing.stdout.readline() == "ready\n"
    machine.containers(c="exited")
    assert pausing.communicate("now\n", timeout=60)[0] == "paused 1\n"
    # its restart policy
    machine.containers(c="running")
    machine.set("events", f"{int(time.time())} container start {container('c')}\n")
    ended = machine.run("unpause_deployment")
    assert (ended.stdout, "PAUSE-VISITOR" in ended.stderr) == ("lapsed\n", True)


def test_a_service_that_ends_its_container_is_stopped_before_that_is_paused(machine: Machine) -> None:
    machine.install(DOCKER, quiescer("service", unit="db.service"))
    machine.unit("db.service", "active")
    machine.containers(a="running", c="running")
    stops = f"stop) echo exited >containers/{container('c')};"
    machine.tool("systemctl", (machine.root / "tools" / "systemctl").read_text().replace("stop)", stops, 1))
    pausing = machine.start("pause_deployment", WAIT)
    assert pausing.communicate("now\n", timeout=60)[0] == "ready\npaused 2\n"
    assert machine.run("unpause_deployment").stdout.startswith("held ")


def test_nobody_is_made_to_wait_for_a_daemon_that_does_not_answer(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running")
    machine.set("docker.down")
    refused = machine.start("pause_deployment", WAIT)
    assert refused.communicate("now\n", timeout=60)[0] == ""
    assert (refused.returncode, "RUNNING-UNKNOWN" in machine.log("pause_deployment")) == (69, True)
