"""Stopping on purpose, as a restore needs it."""

from __future__ import annotations

import os
import subprocess

import pytest
from quiet_machine import DOCKER, Machine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are run by root")


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
