"""Podman itself, on one host: containers are paused by a lease or stopped on purpose; what others hold stays held."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleets import HERE, make_directed, make_fleet, make_node, make_store
from rendered import rendered

from generator.engines.directed import quiesce
from generator.engines.discovery import quiescers
from generator.inventory.model import Lease, Quiescer
from generator.lab import Completed, Host, Lab, containers, services

BIN = "/opt/capsule/test/bin"
DIRECTORIES = (BIN, "/var/lib/capsule/test/locks", "/var/lib/capsule/test/holds", "/var/log/capsule/test")
DEADLINE = 6
# of one Podman call after another, on a busy machine
PATIENCE = 40


def state(host: Host, name: str) -> str:
    return containers.state(host, name, "podman")


def stands_still(host: Host) -> bool:
    before = containers.counted(host, "/srv/counted")
    time.sleep(0.4)
    return containers.counted(host, "/srv/counted") == before


def run(host: Host, capsule: str) -> Completed:
    said = "now\n" if capsule == "pause" else ""
    return host.run([f"{BIN}/{capsule}_deployment"], stdin=said, check=False, seconds=120)


@pytest.fixture(scope="module")
def prepared(lab_directory: Path) -> Iterator[Host]:
    with Lab(lab_directory) as lab:
        host = lab.host("pods", address="10.31.0.1", engines=True)
        quiescer = Quiescer(name="pods", engine="podman", settings=quiescers()["podman"].settings(), origin=HERE)
        node = make_node("alpha", hostname="pods", quiescers=(quiescer,))
        lease = Lease(deadline_seconds=DEADLINE, cool_down_seconds=0, origin=HERE)
        stores = (make_store("target", ("alpha",)),)
        plan = make_directed("deployment", "director", stores, lease=lease, docker_control=True)
        fleet = make_fleet((node, make_node("director"), make_node("target")), directed_plans=(plan,))
        host.run(["mkdir", "-p", *DIRECTORIES])
        for contribution in quiesce.contributions(fleet, plan):
            for capsule in contribution.capsules:
                host.run(["install", "-m", "0755", "/dev/stdin", capsule.path], stdin=rendered(capsule).text)
        containers.import_image(host, "podman")
        containers.run_counter(host, "counter", "/srv/counted", program="podman")
        containers.run_counter(host, "asleep", "/srv/asleep", program="podman")
        host.run(["podman", "pause", "asleep"])
        time.sleep(2.2)  # what began less than two seconds before a pause may have begun in it
        yield host


@pytest.fixture
def host(prepared: Host) -> Iterator[Host]:
    """Both containers are left as they were found: one that runs, and one that a person has paused."""
    assert not stands_still(prepared)
    yield prepared
    services.until(lambda: state(prepared, "counter") == "running", "the counter", PATIENCE)
    assert state(prepared, "asleep") == "paused"


def test_what_runs_stands_still_until_it_is_ended(host: Host) -> None:
    paused = run(host, "pause")
    assert (paused.status, paused.out, paused.err) == (0, "paused 1\n", ""), paused.describe()
    assert stands_still(host)
    ended = run(host, "unpause")
    assert (ended.status, ended.err) == (0, ""), ended.describe()
    assert ended.out.startswith("held ")
    assert not stands_still(host)


def test_it_goes_on_by_itself_when_nobody_ends_it(host: Host) -> None:
    assert run(host, "pause").out == "paused 1\n"
    services.until(lambda: not stands_still(host), "the end of the lease", DEADLINE + PATIENCE)
    late = run(host, "unpause")
    assert (late.status, late.out) == (10, "lapsed\n"), late.describe()


def test_what_began_and_ended_meanwhile_is_noticed(host: Host) -> None:
    assert run(host, "pause").out == "paused 1\n"
    host.run(["podman", "run", "--rm", "--network", "none", containers.IMAGE, "/bin/sh", "-c", ":"])
    ended = run(host, "unpause")
    assert (ended.status, ended.out) == (10, "lapsed\n"), ended.describe()
    assert "PAUSE-VISITOR" in ended.err


@pytest.mark.parametrize("ended_by", ["order", "watchdog"])
def test_one_that_is_gone_holds_up_nobody(host: Host, ended_by: str) -> None:
    gone = ["podman", "run", "-d", "--rm", "--name", "gone", "--network", "none", containers.IMAGE]
    host.run([*gone, "/bin/sh", "-c", "while :; do sleep 0.1; done"])
    assert run(host, "pause").out == "paused 2\n"
    host.run(["podman", "rm", "--force", "--time", "0", "gone"])
    if ended_by == "order":
        ended = run(host, "unpause")
        assert (ended.status, ended.out) == (10, "lapsed\n"), ended.describe()
        assert "PAUSE-BROKEN" in ended.err
    services.until(lambda: not stands_still(host), "what is left of the pause", DEADLINE + PATIENCE)
    run(host, "unpause")


def test_a_stop_on_purpose_keeps_pauses_away_until_it_is_ended(host: Host) -> None:
    brief = ["podman", "run", "-d", "--rm", "--name", "brief", "--network", "none", containers.IMAGE]
    host.run([*brief, "/bin/sh", "-c", "trap exit TERM; while :; do sleep 0.1; done"])
    stopped = run(host, "stop_docker")
    assert (stopped.status, stopped.out) == (0, "result stopped 3\n"), stopped.describe()
    assert host.run(["podman", "ps", "--quiet"]).out == ""
    assert run(host, "pause").status == 75
    started = run(host, "start_docker")
    assert (started.status, started.out) == (0, "result started 3\n"), started.describe()
    assert started.err.count("CONTAINER-GONE") == 1
    assert run(host, "start_docker").out == "nothing\n"
    assert not stands_still(host)
