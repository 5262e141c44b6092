"""The tutorial, as it is written, on real machines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from docs.pages import follow
from docs.place import ROOT, Place

from generator.lab import Host, Lab, services

from .machines import Machine, Node, carry

ADDRESSES = {"server-1": "192.0.2.11", "server-2": "192.0.2.12", "collector": "192.0.2.20"}


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
    build_host = Place(tmp_path)
    build_host.install_gen()
    machines: dict[str, Machine] = {"build-host": build_host, **{name: Node(host) for name, host in nodes.items()}}
    assert follow(ROOT / "docs/tutorial.md", machines, lambda carried: carry(machines, carried)) > 30
