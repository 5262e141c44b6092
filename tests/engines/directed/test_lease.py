"""Pausing as a lease: what is held comes back by itself, and nothing else is ever released."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from quiet_machine import Machine, container, kill_group, quiescer

from generator.verify.bash_rules import violations
from generator.verify.bash_tree import parse
from generator.verify.shellcheck import EXCLUDED

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are run by root")
DOCKER = quiescer("docker")
SHELLCHECK = Path(sys.executable).parent / "shellcheck"


def test_capsules_obey_every_rule(machine: Machine) -> None:
    everything = (
        DOCKER,
        quiescer("podman"),
        quiescer("service", unit="postgresql.service"),
        quiescer("fsfreeze", path="/srv/data"),
    )
    machine.install(*everything, control=True)
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
