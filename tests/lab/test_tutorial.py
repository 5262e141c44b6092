"""The tutorial, as it is written, on real machines."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from docs.pages import Carry, follow

from generator.lab import Host, Lab, services

ROOT = Path(__file__).parents[2]
BUILD_HOST = "build-host"
ADDRESSES = {"server-1": "192.0.2.11", "server-2": "192.0.2.12", "collector": "192.0.2.20"}


@dataclass(frozen=True)
class BuildHost:
    """A directory on this machine, with `gen`."""

    home: Path

    def shell(self, script: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.home,
            env={"PATH": f"{self.home}/bin:{os.environ['PATH']}", "HOME": str(self.home), "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout


@dataclass(frozen=True)
class Node:
    """A lab host."""

    host: Host

    def shell(self, script: str) -> tuple[int, str]:
        done = self.host.run(["bash", "-c", f"cd /root; exec 2>&1; {script}"], check=False, seconds=300)
        return done.status, done.out


@pytest.fixture
def nodes(lab_directory: Path) -> Iterator[dict[str, Host]]:
    """Three machines as their administrator left them."""
    with Lab(lab_directory) as lab:
        hosts = {name: lab.host(name, address=address) for name, address in ADDRESSES.items()}
        for host in hosts.values():
            host.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key"])
            services.start_sshd(host)
        yield hosts


def test_the_tutorial_works_as_written(nodes: dict[str, Host], tmp_path: Path) -> None:
    gen = tmp_path / "bin/gen"
    gen.parent.mkdir()
    gen.write_text(f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -m generator \"$@\"\n")
    gen.chmod(0o755)

    def carry(carried: Carry) -> None:
        if carried.source == BUILD_HOST:
            archive = BytesIO()
            with tarfile.open(fileobj=archive, mode="w") as tar:
                tar.add(tmp_path / carried.path, arcname=carried.target)
            nodes[carried.host].run(["tar", "-C", "/", "-xpf", "-"], stdin=archive.getvalue())
        else:
            (tmp_path / carried.target).write_bytes(nodes[carried.source].path(carried.path).read_bytes())

    machines = {BUILD_HOST: BuildHost(tmp_path), **{name: Node(host) for name, host in nodes.items()}}
    assert follow(ROOT / "docs/tutorial.md", machines, carry) > 30
