"""Pausing as a lease: what is held comes back by itself, and nothing else is ever released."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fleets import HERE, make_dataset
from quiet_machine import Machine, container, quiescer

from generator.engines.discovery import snapshots
from generator.engines.producers.paths import PathsSettings
from generator.inventory.model import Dataset, Snapshot
from generator.verify.bash_rules import violations
from generator.verify.bash_tree import parse
from generator.verify.shellcheck import EXCLUDED

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are run by root")
DOCKER = quiescer("docker")
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


WAIT = "wait 20261120T233000Z\n"


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


def test_nobody_is_made_to_wait_for_a_daemon_that_does_not_answer(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running")
    machine.set("docker.down")
    refused = machine.start("pause_deployment", WAIT)
    assert refused.communicate("now\n", timeout=60)[0] == ""
    assert (refused.returncode, "RUNNING-UNKNOWN" in machine.log("pause_deployment")) == (69, True)


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


def test_what_holds_something_says_nothing_of_what_holds_nothing(machine: Machine) -> None:
    machine.install(DOCKER, quiescer("service", unit="db.service"))
    for visitor, verdict in (("", "held "), (f"{int(time.time())} container start {container('c')}\n", "lapsed\n")):
        machine.unit("db.service", "active")
        machine.set("events", visitor)
        assert machine.run("pause_deployment").stdout == "paused 1\n"
        assert machine.run("unpause_deployment").stdout.startswith(verdict)


def test_a_service_that_does_not_stop_or_does_not_exist(machine: Machine) -> None:
    machine.install(DOCKER, quiescer("service", unit="db.service"))
    machine.containers(a="running")
    assert machine.run("pause_deployment").returncode == 69
    machine.unit("db.service", "active")
    machine.set("stop.fails")
    assert machine.run("pause_deployment").returncode == 69
    assert (machine.unit("db.service"), machine.running()) == ("active", "a")
    machine.until(lambda: not machine.watchdogs())


def test_stopping_on_purpose_keeps_every_pause_away(machine: Machine) -> None:
    machine.install(DOCKER, control=True)
    machine.containers(a="running")
    machine.unit("docker.service", "active")
    machine.unit("docker.socket", "active")
    assert machine.run("pause_deployment").stdout == "paused 1\n"
    assert machine.run("stop_docker_deployment").returncode == 75
    assert machine.run("unpause_deployment").returncode == 0
    for _ in range(2):
        stopped = machine.run("stop_docker_deployment")
        assert (stopped.returncode, stopped.stderr) == (0, "")
    hold = machine.root / "state" / "holds" / "stop_docker_deployment"
    assert sorted(hold.read_text().splitlines()) == ["docker docker.service", "docker docker.socket"]
    assert machine.unit("docker.socket") == machine.unit("docker.service") == "inactive"
    assert machine.run("pause_deployment").returncode == 75
    started = machine.run("start_docker_deployment")
    assert (started.returncode, started.stdout) == (0, "result started 2\n")
    assert machine.unit("docker.socket") == machine.unit("docker.service") == "active"
    assert not hold.exists()
    assert machine.run("start_docker_deployment").stdout == "nothing\n"
    assert machine.run("pause_deployment").stdout == "paused 1\n"


def test_containers_that_outlive_docker_are_not_taken_for_stopped(machine: Machine) -> None:
    machine.install(DOCKER, control=True)
    machine.unit("docker.service", "active")
    # what sleeps outlives the shim, and holds nothing that this test waits for
    shim = "exec -a containerd-shim-runc-v2 bash -c 'sleep 30 &>/dev/null; :' -namespace moby -id 0"
    stop = f"{machine.root}/bin/stop_docker_deployment; echo $?"
    program = f"( {shim} ) & {stop}; kill $!; {stop}"
    # in a network of its own, so that no other test takes the shim for a container of its own host
    done = subprocess.run(
        ["unshare", "--net", "bash", "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "69\nresult stopped 0\n0\n", done.stderr
    assert "STOP-FAILED" in done.stderr
    assert (machine.run("start_docker_deployment").returncode, machine.unit("docker.service")) == (0, "active")


def test_a_watchdog_that_can_write_nothing_releases_all_the_same(machine: Machine) -> None:
    machine.install(DOCKER, deadline=4)
    machine.containers(a="running")
    assert machine.run("pause_deployment").stdout == "paused 1\n"
    lapsed = machine.root / "run" / "test" / "lease_deployment" / "lapsed"
    lapsed.mkdir()
    machine.until(lambda: machine.running() == "a")


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


def test_a_run_directory_that_is_full_keeps_no_restore_away(machine: Machine) -> None:
    machine.install(DOCKER)
    machine.containers(a="running")
    assert machine.run("pause_deployment").returncode == 0
    (machine.root / "run" / "test" / "lease_deployment" / "over").mkdir()
    assert machine.run("unpause_deployment").returncode != 0
    assert machine.running() == "a"
    assert machine.lease() == {"over", "pausing"}
