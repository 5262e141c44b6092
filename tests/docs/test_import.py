"""docs/import.md is executed: its inventories are imported, and say what the page says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from .pages import Carry, blocks, follow

PAGE = Path(__file__).parents[2] / "docs/import.md"
KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIA" + "A" * 41 + "0"


@dataclass(frozen=True)
class Here:
    """This machine, in a directory of the test's, where `gen` is the one under test."""

    home: Path

    def shell(self, script: str) -> tuple[int, str]:
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(PAGE.parents[1]),  # the installed `gen` may be another work tree's
            "LC_ALL": "C.UTF-8",
        }
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1; {script}"], cwd=self.home, stdout=subprocess.PIPE, text=True, env=environment
        )
        return done.returncode, done.stdout


def machine(home: Path, inventory: str) -> Here:
    home.mkdir()
    (home / "hosts").write_text(inventory)
    (home / "facts").mkdir()
    for number in (1, 2):
        facts = {
            "ansible_nodename": f"www-{number}",
            "ansible_default_ipv4": {"address": f"192.0.2.1{number}"},
            "ansible_ssh_host_key_ed25519_public": KEY,
            "ansible_os_family": "Debian",
        }
        (home / "facts" / f"web-{number}").write_text(json.dumps(facts))
    return Here(home)


def puppet(home: Path) -> Here:
    facts = {
        "networking": {"hostname": "web-1", "ip": "192.0.2.11"},
        "ssh": {"ed25519": {"type": "ssh-ed25519", "key": KEY}},
        "os": {"family": "Debian"},
    }
    (home / "facts").mkdir(parents=True)
    (home / "facts/web-1.example.org.json").write_text(json.dumps(facts))
    (home / "facts/db-1.example.org.yaml").write_text("networking: {hostname: db-1}\n")
    return Here(home)


def nothing(carried: Carry) -> None:
    raise AssertionError(carried)


@pytest.mark.parametrize("reader", ["ansible", "own"])
def test_the_page_is_true_whoever_reads(tmp_path: Path, reader: str) -> None:
    text = PAGE.read_text("utf-8")
    small, conventions = re.findall(r"^```ini\n(.*?)^```$", text, re.M | re.S)
    machines = {
        "import": machine(tmp_path / "import", small),
        "sbdi": machine(tmp_path / "sbdi", conventions),
        "puppet": puppet(tmp_path / "puppet"),
    }
    page = tmp_path / "page.md"
    page.write_text(text.replace("gen import ansible hosts", f"gen import ansible --reader {reader} hosts"), "utf-8")
    assert follow(page, machines, nothing) == 14
    assert len(list(blocks(PAGE))) == text.count("```console")
