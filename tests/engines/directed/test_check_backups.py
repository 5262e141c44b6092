"""What is stopped on purpose is told until it is started again."""

from __future__ import annotations

import os

import pytest
from quiet_machine import Machine, quiescer

from generator.engines.contribution import Contribution
from generator.engines.directed import quiesce
from generator.engines.node_capsules import node_capsules

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are run by root")


def test_a_stop_on_purpose_is_told_until_it_ends(machine: Machine) -> None:
    docker = quiescer("docker")
    machine.install(docker, control=True)
    fleet, plan = machine.plan(docker, control=True)
    parts = quiesce.contributions(fleet, plan)
    capsules = node_capsules(fleet, fleet.node("alpha"), parts)
    machine.place(Contribution(node="alpha", capsules=capsules))
    machine.unit("docker.service", "active")
    assert machine.run("check_backups").returncode == 0
    assert machine.run("stop_docker_deployment").returncode == 0
    told = machine.run("check_backups")
    assert told.returncode == 1
    assert told.stdout.startswith(
        "BACKUPS WARNING - 0 as expected, stop_docker_deployment: stopped on purpose 0 h ago"
    )
    assert machine.run("start_docker_deployment").returncode == 0
    assert machine.run("check_backups").returncode == 0
