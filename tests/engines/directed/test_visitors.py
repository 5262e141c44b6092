"""What others start, pause and resume around a pause: it is noticed, and what is theirs stays so."""

from __future__ import annotations

import os
import time

import pytest
from quiet_machine import DOCKER, Machine, container, quiescer

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are run by root")


def test_newcomers_are_paused_too(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running")
    machine.set("newcomer", "running")
    assert machine.run("pause_deployment").stdout == "paused 2\n"
    assert machine.state() == {"a": "paused", "e": "paused"}
    assert machine.run("unpause_deployment").stdout.startswith("held ")
    assert machine.running() == "ae"


@pytest.mark.parametrize("change", ["started", "resumed", "removed"])
def test_a_pause_that_others_broke_is_not_whole(machine: Machine, change: str) -> None:
    machine.install(DOCKER)
    machine.containers(a="running", b="running")
    assert machine.run("pause_deployment").stdout == "paused 2\n"
    match change:
        case "started":
            machine.containers(c="running")
            machine.set("events", f"{int(time.time())} container start {container('c')}\n")
        case "resumed":
            machine.containers(a="running")
        case _:
            machine.unset(f"containers/{container('a')}")
    broken = machine.run("unpause_deployment")
    assert (broken.returncode, broken.stdout) == (10, "lapsed\n")
    assert "paused" not in machine.state().values()


def test_an_empty_pause_is_whole_only_while_nothing_starts(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(d="exited", p="paused")
    assert machine.run("pause_deployment").stdout == "nothing\n"
    assert machine.run("unpause_deployment").stdout == "nothing\n"
    assert machine.run("pause_deployment").stdout == "nothing\n"
    machine.containers(d="running")
    assert machine.run("unpause_deployment").stdout == "lapsed\n"
    assert machine.state() == {"d": "running", "p": "paused"}


def test_what_others_pause_at_that_very_moment_is_not_resumed(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running", b="running")
    machine.set("pause.steal", container("b"))
    assert machine.run("pause_deployment").stdout == "paused 1\n"
    assert machine.run("unpause_deployment").stdout.startswith("held ")
    assert machine.state() == {"a": "running", "b": "paused"}


def test_what_others_resume_at_that_very_moment_is_paused_and_comes_back(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running", e="running")
    machine.set("pause.steal", container("e"))
    machine.set("resumed", container("e"))
    assert machine.run("pause_deployment").stdout == "paused 2\n"
    assert machine.running() == ""
    assert machine.run("unpause_deployment").stdout.startswith("held ")
    assert machine.running() == "ae"


@pytest.mark.parametrize("engine", ["docker", "podman"])
@pytest.mark.parametrize("states", [{"a": "running"}, {}])
def test_what_came_and_went_is_noticed(machine: Machine, engine: str, states: dict[str, str]) -> None:
    machine.install(quiescer(engine))
    machine.containers(**states)
    own = f"{int(time.time())} container start {container('a')}\n" if states else ""
    machine.set("events", f"{int(time.time()) - 9} container start {container('b')}\n{own}")
    for event in ("container create", "container start", "container unpause", ""):
        assert machine.run("pause_deployment").returncode == 0
        if event:
            with (machine.root / "events").open("a") as log:
                log.write(f"{int(time.time())} {event} {container('c')}\n")
        ended = machine.run("unpause_deployment")
        lapsed = event in ("container start", "container unpause")
        assert (ended.stdout == "lapsed\n") == lapsed, ended.stderr
        assert ("PAUSE-VISITOR" in ended.stderr) == lapsed
        machine.set("events")


def test_what_came_after_a_pause_is_no_visitor_unless_it_hides_one(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running")
    later = int(time.time()) + 60
    for events, said in ((1, "held "), (255, "lapsed\n")):
        assert machine.run("pause_deployment").returncode == 0
        visitor = f"{int(time.time())} exec_start: sh -c 'a\n" if events == 1 else ""
        machine.set(
            "events", f"{visitor}{later} container start {container('b')}\n" * events + f"{later} image tag x\n"
        )
        assert machine.run("unpause_deployment").stdout.startswith(said)


def test_many_containers_are_asked_for_before_they_go_on(machine: Machine) -> None:
    machine.install(DOCKER)
    (machine.root / "containers").mkdir(exist_ok=True)
    for number in range(101):
        (machine.root / "containers" / f"{number:064x}").write_text("running\n")
    for visitor in (False, True):
        assert machine.run("pause_deployment").stdout == "paused 101\n"
        machine.set("events", f"{int(time.time())} container start {'f' * 64}\n" if visitor else "")
        calls = len(machine.docker_calls())
        assert machine.run("unpause_deployment").stdout.startswith("lapsed" if visitor else "held ")
        verbs = [line.split()[3] for line in machine.docker_calls()[calls:]]
        assert verbs.index("events") < verbs.index("unpause")


def test_a_daemon_that_cannot_tell_what_came_and_went(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running")
    assert machine.run("pause_deployment").returncode == 0
    machine.set("events", f"{int(time.time()) + 60} image pull x\n" * 256)
    assert machine.run("unpause_deployment").stdout == "lapsed\n"
    machine.unset("events")
    assert machine.run("pause_deployment").returncode == 0
    # it began anew, and does not even know what we paused
    machine.unset("own.events")
    assert machine.run("unpause_deployment").stdout == "lapsed\n"
    assert machine.run("pause_deployment").returncode == 0
    machine.set("events.fail")
    assert machine.run("unpause_deployment").stdout == "lapsed\n"
    machine.unset("events.fail")
    machine.set("docker.pid", "1")
    os.utime(machine.root / "docker.pid", (0, 0))
    assert machine.run("pause_deployment").returncode == 0
    assert machine.run("unpause_deployment").stdout.startswith("held ")
    assert machine.run("pause_deployment").returncode == 0
    os.utime(machine.root / "docker.pid")
    assert machine.run("unpause_deployment").stdout == "lapsed\n"


def test_a_clock_that_was_set_cannot_tell_either(machine: Machine) -> None:
    machine.install(DOCKER)
    assert machine.run("pause_deployment").stdout == "nothing\n"
    paused = machine.root / "run" / "test" / "lease_deployment" / "paused"
    wall, up, opened = paused.read_text().split()
    paused.write_text(f"{int(wall) + 300} {up} {opened}\n")
    ended = machine.run("unpause_deployment")
    assert ended.stdout == "lapsed\n"
    assert "CLOCK-SET" in ended.stderr


def test_a_service_that_came_and_went_is_noticed(machine: Machine) -> None:
    machine.install(quiescer("service", unit="db.service"))
    machine.unit("db.service", "inactive")
    for offset, verdict in ((-3600, "nothing\n"), (0, "lapsed\n")):
        assert machine.run("pause_deployment").stdout == "nothing\n"
        left = time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime(time.time() + offset))
        machine.set("exited.db.service", left)
        assert machine.run("unpause_deployment").stdout == verdict


def test_what_holds_something_says_nothing_of_what_holds_nothing(machine: Machine) -> None:
    machine.install(DOCKER, quiescer("service", unit="db.service"))
    for visitor, verdict in (("", "held "), (f"{int(time.time())} container start {container('c')}\n", "lapsed\n")):
        machine.unit("db.service", "active")
        machine.set("events", visitor)
        assert machine.run("pause_deployment").stdout == "paused 1\n"
        assert machine.run("unpause_deployment").stdout.startswith(verdict)
